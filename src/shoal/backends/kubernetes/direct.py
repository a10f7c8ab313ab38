"""An operator's way to its API server, no proxy between: HTTP/1.1 in a third of the CPU that aiohttp takes on uvloop.

Decision 0012.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from urllib.parse import urlencode, urlsplit

from shoal.backends.kubernetes.closing import Closing
from shoal.backends.kubernetes.credentials import Credentials, CredentialSource
from shoal.backends.kubernetes.errors import CredentialsMissing
from shoal.backends.kubernetes.http11 import Connection
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.pool import Pool
from shoal.backends.kubernetes.transport import (
    COMMON_HEADERS,
    CONNECTIONS,
    WHOLE_S,
    Lines,
    Request,
    Response,
    response_of,
    whole_lines,
)
from shoal.backends.kubernetes.unreachable import broken, silent

AUTHORIZATION = "Authorization"
REPEATABLE = frozenset(("GET", "PUT", "DELETE"))


class DirectTransport(Closing):
    """Requests to the API server that ``access`` names. Close it, or use it as an async context manager.

    Credentials are got anew when they run out, and once more when the server refuses them.

    connections: so many requests at a time, the others wait; streams don't count.
    now: seconds since the epoch.
    """

    def __init__(self, access: Access, *, connections: int = CONNECTIONS, now: Callable[[], float] = time.time) -> None:
        self.access = access
        self._url = urlsplit(access.server)
        self._source = CredentialSource(access, now)
        self._turns = asyncio.Semaphore(connections)
        self._shown = Credentials()
        self._head = b""
        self._pool = Pool(access)

    async def close(self) -> None:
        """Close every connection; what is still under way fails. A later request opens new ones."""
        self._pool.close()
        await asyncio.sleep(0)  # the event loop closes what was dropped in its next round

    async def send(self, request: Request) -> Response:
        """Send one request and read the whole answer. Raises ApiUnreachable, CredentialsMissing."""
        async with self._turns:
            credentials = await self._source.get()
            response = await self._sent(request, credentials)
            if response.status == 401 and (fresh := await self._source.after_refusal(credentials)) != credentials:
                return await self._sent(request, fresh)
            return response

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[tuple[Response, Lines]]:
        """Open an answer that goes on, for as long as the caller stays inside. Raises as ``send`` does."""
        credentials = await self._source.get()
        async with self._streamed(request, credentials) as (response, lines):
            if response.status != 401 or (fresh := await self._source.after_refusal(credentials)) == credentials:
                yield response, lines
                return
        async with self._streamed(request, fresh) as answer:
            yield answer

    @asynccontextmanager
    async def _streamed(self, request: Request, credentials: Credentials) -> AsyncIterator[tuple[Response, Lines]]:
        connection = await self._ask(request, credentials, streamed=True)
        try:
            body = await self._whole(connection) if connection.status >= 400 else b""
            yield response_of(connection.status, body, connection.retry_after), self._lines(connection)
        finally:
            self._pool.give_back(connection)

    async def _sent(self, request: Request, credentials: Credentials) -> Response:
        try:
            async with asyncio.timeout(WHOLE_S):
                connection = await self._ask(request, credentials, streamed=False)
                try:
                    return response_of(connection.status, await self._whole(connection), connection.retry_after)
                finally:
                    self._pool.give_back(connection)
        except TimeoutError as error:
            raise silent(self.access) from error

    async def _ask(self, request: Request, credentials: Credentials, *, streamed: bool) -> Connection:
        """A connection on which the answer has begun, to be given back."""
        self._show(credentials)
        written = self._written(request)
        connection = self._pool.kept()
        is_kept = connection is not None
        connection = connection or await self._pool.opened()
        try:
            await connection.ask(written, streamed=streamed)
        except ConnectionError as error:
            is_over = connection.is_closed or connection.is_answered
            self._pool.give_back(connection)
            if is_over or not is_kept or request.method not in REPEATABLE:
                raise broken(self.access, error) from error
            # The server has closed it just before: asked once more, it can't do twice what was meant once.
            return await self._ask(request, credentials, streamed=streamed)
        except BaseException:
            self._pool.give_back(connection)
            raise
        return connection

    async def _whole(self, connection: Connection) -> bytes:
        try:
            return await connection.whole()
        except ConnectionError as error:
            raise broken(self.access, error) from error

    async def _lines(self, connection: Connection) -> Lines:
        try:
            async for line in whole_lines(connection.pieces()):
                yield line
        except ConnectionError as error:
            raise broken(self.access, error) from error

    # What is sent.

    def _show(self, credentials: Credentials) -> None:
        """Whoever asks is this from now on."""
        if self._head and credentials == self._shown:
            return
        headers = [("Host", self._url.netloc.rpartition("@")[2]), *COMMON_HEADERS, *self.access.headers]
        if credentials.token:
            headers = [(name, value) for name, value in headers if name != AUTHORIZATION]
            headers.append((AUTHORIZATION, f"Bearer {credentials.token}"))
        head = self._in_lines(headers)
        self._pool.show(credentials)
        self._head, self._shown = head, credentials

    def _in_lines(self, headers: Iterable[tuple[str, str]]) -> bytes:
        lines = [f"{name}: {value}" for name, value in headers]
        if not "".join(lines).isprintable():
            raise CredentialsMissing(
                "a token or a name of the kubeconfig has characters that no request may have",
                where=self.access.context or self.access.server,
                next_step="get a new kubeconfig from your cluster's provider",
            )
        return "".join(f"{line}\r\n" for line in lines).encode()

    def _written(self, request: Request) -> bytes:
        question = f"?{urlencode(request.query)}" if request.query else ""
        target = f"{self._url.path}{request.path}{question}"
        if " " in target or not target.isprintable() or not target.isascii():
            raise ValueError(f"{target!r} is not quoted as a path has to be")
        head = f"{request.method} {target} HTTP/1.1\r\nAccept: {request.accept}\r\n"
        if request.body:
            head += f"Content-Type: {request.content_type}\r\n"
        if request.body or request.method != "GET":
            head += f"Content-Length: {len(request.body)}\r\n"
        return b"%b%b\r\n%b" % (head.encode(), self._head, request.body)
