"""The one seam to an API server: requests out, bytes back.

direct.py is the operator's, http.py that of the verbs, of websockets and through proxies, testing.FakeApi another.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

import msgspec

from shoal.backends.kubernetes.closing import Closing
from shoal.errors import ActionFailed

JSON = "application/json"
COMMON_HEADERS = (("User-Agent", "shoal"), ("Accept-Encoding", "identity"))
"""Of every request. Zipping would cost the API server CPU, and saves none here: decision 0007."""
CONNECTIONS = 64
CONNECT_S = 10.0
WHOLE_S = 60.0
KEEP_S = 30.0
"""How long an idle connection is kept; load balancers drop theirs after a minute."""
SILENT_PEER_S = 60
"""How long the other machine may be gone before the system gives a connection up."""

Lines: TypeAlias = AsyncIterator[bytes]


class Request(msgspec.Struct, frozen=True):
    """One request. path: absolute, without the server, as ``/api/v1/namespaces/default/pods``; query: decoded."""

    method: str
    path: str
    query: dict[str, str] = {}
    body: bytes = b""
    content_type: str = JSON
    accept: str = JSON


class Response(msgspec.Struct, frozen=True):
    """One answer, whatever its status. retry_after_s: what the server asks to wait, 0 if it says nothing."""

    status: int
    body: bytes
    retry_after_s: float = 0


class ApiUnreachable(ActionFailed):
    """The Kubernetes API server did not answer.

    `kubectl --context CONTEXT version` fails in the same way when the server is down, the kubeconfig names another
    address, or a VPN is off. Nothing that Shoal runs was changed; run the same command again.
    """

    code = "E701"

    def __init__(self, what: str, *, where: str = "", next_step: str = "", sent: bool = True) -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.sent = sent
        """Whether the server may have got the request, and done it."""


class Transport(Protocol):
    """Carries requests to one API server."""

    async def send(self, request: Request) -> Response:
        """Send one request and read the whole answer. Raises ApiUnreachable when there is none in time."""
        ...

    def stream(self, request: Request) -> AbstractAsyncContextManager[tuple[Response, Lines]]:
        """Open an answer that goes on: the Response (its body only if the status is an error) and its lines.

        The lines end when the server ends them. Raises ApiUnreachable, also from the iterator.
        """
        ...


class OpenTransport(Transport, Closing, Protocol):
    """A transport with connections to be closed."""


def response_of(status: int, body: bytes, retry_after: str) -> Response:
    """An answer. retry_after: the header, in seconds; a date, which proxies may give, counts as none."""
    return Response(status, body, float(retry_after) if retry_after.isdecimal() else 0.0)


async def whole_lines(pieces: AsyncIterator[bytes]) -> Lines:
    """The lines of what comes in pieces, without their ends; at last what comes after the last of these."""
    rest = b""
    async for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line
    if rest:
        yield rest


def notices_a_silent_peer(made: socket.socket) -> None:
    """Have a connection notice that the other machine has gone without a word, also while nothing is sent."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", SILENT_PEER_S // 2), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # not everywhere
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
