"""HTTP to a Ray dashboard: one kept-alive connection, a bearer token, and typed errors instead of socket ones.

Proxy environment variables are never read: ``http.client`` doesn't know them, and a dashboard is reached on loopback
or through a forwarded port.
"""

import http.client
import re
from typing import IO, TypeVar
from urllib.parse import urlsplit

import msgspec

from shoal.engine.jobs_errors import DashboardGarbled, DashboardUnreachable, JobRejected, Unauthorized

ANSWER_TIMEOUT_S = 60.0
"""Longest silence before a request is given up; the first job of a cluster makes Ray's agent start up."""

T = TypeVar("T")
_EXCEPTION_LINE = re.compile(r"^(?:[A-Za-z_][\w.]*: )+(?P<message>.+)$")


class Reply(msgspec.Struct, frozen=True):
    """What the server said: HTTP status and raw body."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The body for people."""
        return self.body.decode("utf-8", errors="replace")


class Dashboard:
    """A connection to the dashboard at ``address`` (``http://host:port``). Not for sharing between threads."""

    def __init__(self, address: str, token: str, *, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self.address = address.rstrip("/")
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise DashboardUnreachable(
                f"{address!r} is not the address of a dashboard", next_step="give it as http://HOST:PORT"
            )
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=timeout_s)

    def request(self, method: str, path: str, body: bytes | IO[bytes] | None = None, size: int = 0) -> Reply:
        """Send one request and read the whole answer.

        size: bytes in ``body`` when it is a file. Raises DashboardUnreachable or Unauthorized.
        """
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/json" if isinstance(body, bytes) else "application/octet-stream"
            headers["Content-Length"] = str(len(body) if isinstance(body, bytes) else size)
        try:
            reply = self._exchange(method, path, body, headers)
        except TimeoutError as error:
            self.close()
            raise self._unreachable(f"no answer within {self._connection.timeout:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unreachable(str(error) or type(error).__name__) from error
        if reply.status in (401, 403):
            raise _unauthorized(reply.status, self.address)
        return reply

    def close(self) -> None:
        """Drop the connection; the next request makes a new one."""
        self._connection.close()

    def _exchange(self, method: str, path: str, body: bytes | IO[bytes] | None, headers: dict[str, str]) -> Reply:
        kept_alive = self._connection.sock is not None
        try:
            self._connection.request(method, path, body=body, headers=headers)
            response = self._connection.getresponse()
        except (ConnectionError, http.client.BadStatusLine):
            # The server may close an idle connection just as it is used again: only reading is safe to repeat.
            self.close()
            if not kept_alive or method != "GET":
                raise
            self._connection.request(method, path, headers=headers)
            response = self._connection.getresponse()
        return Reply(response.status, response.read())

    def _unreachable(self, why: str) -> DashboardUnreachable:
        return DashboardUnreachable(
            f"the dashboard does not answer: {why}",
            where=self.address,
            next_step="`shoal list` shows which clusters run; `shoal up` with its file brings one back",
        )


def _unauthorized(status: int, address: str) -> Unauthorized:
    what = "the dashboard asks for a token" if status == 401 else "the dashboard refused the token"
    return Unauthorized(what, where=address, next_step='run eval "$(shoal env NAME)" again')


def refusal(reply: Reply, address: str) -> JobRejected | DashboardGarbled:
    """The error that an answer other than 200 stands for: Ray's own message, or that it isn't Ray who speaks."""
    text = reply.text.strip()
    if text[:1] == "<" or not text:
        return _garbled(f"HTTP {reply.status} with {'a web page' if text else 'nothing'} in it", address)
    return JobRejected(f"Ray refused: {_last_message(text)}", where=address)


def decode(reply: Reply, shape: type[T], address: str) -> T:
    """The JSON body as ``shape``. Raises JobRejected or DashboardGarbled."""
    if reply.status != 200:
        raise refusal(reply, address)
    try:
        return msgspec.json.decode(reply.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _garbled(str(error), address) from error


def _garbled(why: str, address: str) -> DashboardGarbled:
    return DashboardGarbled(
        f"the answer is not one of Ray's Jobs API: {why}",
        where=address,
        next_step="check that the address is a Ray dashboard",
    )


def _last_message(text: str) -> str:
    """Ray answers with whole tracebacks; people want the last exception's words."""
    for line in reversed(text.splitlines()):
        if match := _EXCEPTION_LINE.match(line.strip()):
            return match["message"].rstrip(".")
    return text.splitlines()[-1][:500].rstrip(".")
