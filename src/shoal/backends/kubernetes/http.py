"""The transport of the verbs, of websockets and through proxies: aiohttp, connections kept for the next request."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias
from urllib.parse import urlencode

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from shoal.backends.kubernetes.closing import Closing
from shoal.backends.kubernetes.credentials import Credentials, CredentialSource
from shoal.backends.kubernetes.errors import Unauthorized, error_of
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.server_tls import context_of
from shoal.backends.kubernetes.transport import (
    COMMON_HEADERS,
    CONNECT_S,
    CONNECTIONS,
    JSON,
    KEEP_S,
    WHOLE_S,
    ApiUnreachable,
    Lines,
    Request,
    Response,
    notices_a_silent_peer,
    response_of,
    whole_lines,
)
from shoal.backends.kubernetes.unreachable import broken, silent, unconnected, untrusted

_ANSWERED = aiohttp.ClientTimeout(total=WHOLE_S, sock_connect=CONNECT_S)
_OPEN_ENDED = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)

WebSocket: TypeAlias = "aiohttp.ClientWebSocketResponse[bool]"


class HttpTransport(Closing):
    """Requests to the API server that ``access`` names. Close it, or use it as an async context manager.

    Credentials are got anew when they run out, and once more when the server refuses them.

    connections: so many requests at a time, the others wait; streams and websockets don't count.
    now: seconds since the epoch.
    """

    def __init__(self, access: Access, *, connections: int = CONNECTIONS, now: Callable[[], float] = time.time) -> None:
        self.access = access
        self._source = CredentialSource(access, now)
        self._turns = asyncio.Semaphore(connections)
        self._session: aiohttp.ClientSession | None = None
        self._certificate = ("", "")

    async def close(self) -> None:
        """Close every connection; what is still under way fails. A later request opens new ones."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def send(self, request: Request) -> Response:
        """Send one request and read the whole answer. Raises ApiUnreachable, CredentialsMissing."""
        async with self._turns:
            response = await self._open(request, _ANSWERED)
            return await self._whole(response)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[tuple[Response, Lines]]:
        """Open an answer that goes on, for as long as the caller stays inside. Raises as ``send`` does."""
        response = await self._open(request, _OPEN_ENDED)
        try:
            if response.status >= 400:
                yield await self._whole(response), self._lines(response)
            else:
                yield Response(response.status, b""), self._lines(response)
        finally:
            response.close()

    @asynccontextmanager
    async def websocket(
        self, path: str, query: Sequence[tuple[str, str]], protocols: Sequence[str]
    ) -> AsyncIterator[WebSocket]:
        """An open websocket, of the first of ``protocols`` that the server speaks.

        query: pairs, since ``command`` comes once a word. Raises the ApiError that the server refuses with,
        ApiUnreachable, CredentialsMissing.
        """
        credentials = await self._source.get()
        try:
            opened = await self._upgrade(path, query, protocols, credentials)
        except Unauthorized:
            fresh = await self._source.after_refusal(credentials)
            if fresh == credentials:
                raise
            opened = await self._upgrade(path, query, protocols, fresh)
        try:
            yield opened
        finally:
            await opened.close()

    async def _open(self, request: Request, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        credentials = await self._source.get()
        response = await self._request(request, credentials, timeout)
        if response.status == 401:
            fresh = await self._source.after_refusal(credentials)
            if fresh != credentials:
                response.release()
                return await self._request(request, fresh, timeout)
        return response

    async def _request(
        self, request: Request, credentials: Credentials, timeout: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        headers = _bearer(credentials)
        if request.body:
            headers["Content-Type"] = request.content_type
        if request.accept != JSON:
            headers["Accept"] = request.accept
        session = await self._connected(credentials)
        try:
            return await session.request(
                request.method,
                self._url(request.path, tuple(request.query.items())),
                data=request.body or None,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
                server_hostname=self.access.server_name or None,
            )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._unreachable(error) from error

    async def _upgrade(
        self, path: str, query: Sequence[tuple[str, str]], protocols: Sequence[str], credentials: Credentials
    ) -> WebSocket:
        async def explain(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
            response = await handler(request)
            if response.status >= 400:  # aiohttp itself would drop the body, which has the reason
                raise error_of(await self._whole(response), f"GET {path}")
            return response

        session = await self._connected(credentials)
        handshake = aiohttp.ClientSession(
            connector=session.connector,
            connector_owner=False,
            headers=session.headers,
            proxy=self.access.proxy or None,
            timeout=_ANSWERED,
            middlewares=(explain,),
        )
        try:
            async with handshake:
                return await handshake.ws_connect(
                    self._url(path, query),
                    headers=_bearer(credentials) | {"Accept": "*/*"},  # a kubelet has nothing that is JSON to offer
                    protocols=protocols,
                    max_msg_size=0,
                    server_hostname=self.access.server_name or None,
                )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._unreachable(error) from error

    async def _whole(self, response: aiohttp.ClientResponse) -> Response:
        try:
            body = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._unreachable(error) from error
        return response_of(response.status, body, response.headers.get("Retry-After", ""))

    async def _lines(self, response: aiohttp.ClientResponse) -> Lines:
        try:
            async for line in whole_lines(response.content.iter_any()):
                yield line
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._unreachable(error) from error

    async def _connected(self, credentials: Credentials) -> aiohttp.ClientSession:
        certificate = (credentials.certificate, credentials.key)
        if self._session is not None and certificate != self._certificate:
            await self.close()
        if self._session is None:
            self._certificate = certificate
            connector = aiohttp.TCPConnector(
                limit=0, ssl=context_of(self.access, credentials), keepalive_timeout=KEEP_S, socket_factory=_socket
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers=_common_headers(self.access),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                proxy=self.access.proxy or None,
            )
        return self._session

    def _url(self, path: str, query: Sequence[tuple[str, str]]) -> URL:
        question = f"?{urlencode(query)}" if query else ""
        return URL(f"{self.access.server}{path}{question}", encoded=True)

    def _unreachable(self, error: Exception) -> ApiUnreachable:
        """What it was, and whether the server may have got the request."""
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return untrusted(self.access, error.certificate_error)
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return unconnected(self.access, error)
        return silent(self.access) if isinstance(error, TimeoutError) else broken(self.access, error)


def _bearer(credentials: Credentials) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials.token}"} if credentials.token else {}


def _common_headers(access: Access) -> CIMultiDict[str]:
    return CIMultiDict([*COMMON_HEADERS, ("Accept", JSON), *access.headers])


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    notices_a_silent_peer(made)
    return made
