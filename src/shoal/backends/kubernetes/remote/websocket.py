"""A websocket of the API server whose messages each belong to a channel: the first byte says which."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Protocol

import aiohttp

from shoal.backends.kubernetes.closing import Closing
from shoal.backends.kubernetes.errors import ApiError, Forbidden
from shoal.backends.kubernetes.http import WebSocket
from shoal.backends.kubernetes.remote.errors import ConnectionCut, UpgradeRefused
from shoal.backends.kubernetes.transport import ApiUnreachable

CLOSE = 255
"""Channel of ``v5.channel.k8s.io`` that closes another, which is all a message in it holds."""
V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
PING_EVERY_S = 20.0
"""Load balancers drop connections on which nothing is said, the first of them after a minute."""

Query = Sequence[tuple[str, str]]


class Sockets(Protocol):
    """What can open websockets to the API server: its HttpTransport."""

    def websocket(self, path: str, query: Query, protocols: Sequence[str]) -> AbstractAsyncContextManager[WebSocket]:
        """One that speaks one of ``protocols``. Raises ApiError, ApiUnreachable, CredentialsMissing."""
        ...


class Channels(Closing):
    """One open websocket with channels. Close it, or use it as a context. held: what keeps the websocket open."""

    def __init__(self, socket: WebSocket, where: str, held: AsyncExitStack) -> None:
        self._socket = socket
        self._where = where
        self._held = held
        self._closed = False
        self._pings = asyncio.ensure_future(self._ping())

    @property
    def can_close_channels(self) -> bool:
        """Whether the other side can be told that a channel has ended."""
        return self._socket.protocol == V5

    async def send(self, channel: int, data: bytes) -> None:
        """Returns once there is room for more. Raises ConnectionCut."""
        try:
            await self._socket.send_bytes(bytes((channel,)) + data)
        except (aiohttp.ClientError, ConnectionError) as error:
            raise self._cut(str(error)) from error

    async def receive(self) -> tuple[int, bytes] | None:
        """The next message as (channel, data); None when the other side has closed in order. Raises ConnectionCut."""
        message = await self._socket.receive()
        match message.type:
            case aiohttp.WSMsgType.BINARY if message.data:
                return message.data[0], message.data[1:]
            case aiohttp.WSMsgType.BINARY:
                return await self.receive()
            case aiohttp.WSMsgType.CLOSE | aiohttp.WSMsgType.CLOSING | aiohttp.WSMsgType.CLOSED:
                code = self._socket.close_code
                if self._closed or code in (aiohttp.WSCloseCode.OK, aiohttp.WSCloseCode.GOING_AWAY, 1005, 1006):
                    return None
                raise self._cut(f"closed with code {code}: {message.extra or 'no reason given'}")
            case _:
                raise self._cut(str(self._socket.exception() or message.data))

    async def close(self) -> None:
        """Drop it. Safe to repeat."""
        self._closed = True
        self._pings.cancel()
        with suppress(aiohttp.ClientError, ConnectionError):
            await asyncio.shield(self._held.aclose())  # cut off, it would leave the connection half open

    async def _ping(self) -> None:
        with suppress(aiohttp.ClientError, ConnectionError):
            while True:
                await asyncio.sleep(PING_EVERY_S)
                await self._socket.ping()

    def _cut(self, why: str) -> ConnectionCut:
        return ConnectionCut(f"the connection broke: {why}", where=self._where, next_step="run the command again")


async def open_channels(
    sockets: Sockets, path: str, query: Query, protocols: Sequence[str], permission: str
) -> Channels:
    """Open a websocket at ``path``. permission: what it takes, as ``create pods/exec``.

    Raises the ApiError that the server's refusal is, Forbidden among them, UpgradeRefused, ApiUnreachable.
    """
    held = AsyncExitStack()
    try:
        socket = await held.enter_async_context(sockets.websocket(path, query, protocols))
    except Forbidden as error:
        error.next_step = f"ask for the permission to {permission}"
        raise
    except (ApiError, ApiUnreachable) as error:
        if isinstance(error.__cause__, aiohttp.WSServerHandshakeError) or "pgrade request required" in str(error):
            raise _refused(str(error), path) from error
        raise
    if socket.protocol not in protocols:
        await held.aclose()
        raise _refused(f"what answers speaks none of {', '.join(protocols)}", path)
    return Channels(socket, path, held)


def _refused(why: str, path: str) -> UpgradeRefused:
    step = "see whether a proxy before the API server passes websockets on"
    return UpgradeRefused(f"no websocket was opened: {why}", where=path, next_step=step)
