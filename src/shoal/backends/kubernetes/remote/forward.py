"""Local ports that lead to ports of a pod: one websocket a connection, through the API server."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from shoal.backends.kubernetes.remote.websocket import V4, Channels, Sockets, open_channels
from shoal.backends.kubernetes.resources import PODS
from shoal.errors import ShoalError

HERE = "127.0.0.1"
PERMISSION = "create pods/portforward"
DATA, ERROR = 0, 1
CHUNK = 32 * 1024
LINGER_S = 5.0

Head = Callable[[], Awaitable[tuple[str, str]]]
"""Finds the (namespace, pod) that a new connection shall go to: after a restart of the head, another pod."""


class Forward:
    """A local port that leads to ``port`` of the pod that ``head`` finds when somebody connects.

    said: told why a connection came to nothing.
    """

    def __init__(self, sockets: Sockets, head: Head, port: int, said: Callable[[str], None]) -> None:
        self._sockets = sockets
        self._head = head
        self._port = port
        self._said = said
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def listen(self, *, same: bool = False) -> int:
        """Begin; the local port. same: the pod's own number, if that is free here."""
        try:
            self._server = await asyncio.start_server(self._accept, HERE, self._port if same else 0)
        except OSError:
            if not same:
                raise
            return await self.listen()
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Listen no more and drop what is open."""
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has one
        self._open.add(task)
        try:
            await self._carry(reader, writer)
        except ShoalError as error:
            self._said(str(error))
        except (ConnectionError, asyncio.CancelledError):
            pass  # the program here went away, or we do
        finally:
            self._open.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        namespace, pod = await self._head()
        path = PODS.path(namespace, pod, "portforward")
        query = [("ports", str(self._port))]
        async with await open_channels(self._sockets, path, query, (V4,), PERMISSION) as channels:
            sending = asyncio.ensure_future(_send(reader, channels))
            receiving = asyncio.ensure_future(self._receive(channels, writer))
            try:
                await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
                # This protocol can't say that one side has ended: what may still come is waited for a little.
                await asyncio.wait((receiving,), timeout=LINGER_S)
            finally:
                for task in (sending, receiving):
                    task.cancel()
                ended = await asyncio.gather(sending, receiving, return_exceptions=True)
            for error in ended:
                if isinstance(error, ShoalError):
                    raise error

    async def _receive(self, channels: Channels, writer: asyncio.StreamWriter) -> None:
        """Until the pod's side closes. The first message of each channel only repeats the port."""
        begun: set[int] = set()
        while (message := await channels.receive()) is not None:
            channel, data = message
            if channel not in begun:
                begun.add(channel)
                data = data[2:]
            if channel == DATA and data:
                writer.write(data)
                await writer.drain()
            elif channel == ERROR and data:
                self._said(f"port {self._port} of the head: {_reason(data.decode(errors='replace').strip())}")
                return


async def _send(reader: asyncio.StreamReader, channels: Channels) -> None:
    while data := await reader.read(CHUNK):
        await channels.send(DATA, data)


def _reason(said: str) -> str:
    """The kubelet's words, which are many for what happens most."""
    return "nothing listens there" if "connection refused" in said else said
