"""Servers that know no HTTP, and say on each connection what they are told to: bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

import pytest

from shoal.backends.kubernetes.direct import DirectTransport
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.transport import ApiUnreachable, Request, Response

T = TypeVar("T")
Peer: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GET = Request("GET", "/api/v1/pods")
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
PATIENCE_S = 5.0


@asynccontextmanager
async def speaking(peer: Peer, **access: Any) -> AsyncIterator[DirectTransport]:
    """A transport to a server each of whose connections is ``peer``."""
    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with asyncio.timeout(PATIENCE_S), DirectTransport(Access(url, **access)) as transport:
            yield transport


def saying(*answers: bytes) -> tuple[Peer, list[list[bytes]]]:
    """A server that gives these answers on each connection, one a request, and closes it; what it was asked on each."""
    asked: list[list[bytes]] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads: list[bytes] = []
        asked.append(heads)
        for answer in answers:
            head = await reader.readuntil(b"\r\n\r\n")
            heads.append(head)
            writer.write(answer)
        writer.close()

    return peer, asked


def asking(peer: Peer, use: Callable[[DirectTransport], Coroutine[Any, Any, T]], **access: Any) -> T:
    """What ``use`` gives of a transport to that server."""

    async def run() -> T:
        async with speaking(peer, **access) as transport:
            return await use(transport)

    return asyncio.run(run())


async def get(transport: DirectTransport) -> Response:
    """A request whose answer is read to its end."""
    return await transport.send(GET)


async def get_cut_off(transport: DirectTransport) -> None:
    """All is closed while the answer is waited for."""
    asked = asyncio.create_task(get(transport))
    await asyncio.sleep(0.05)
    await transport.close()
    with pytest.raises(ApiUnreachable, match="closed here"):
        await asked


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that never answers."""
    await reader.read()
    writer.close()
