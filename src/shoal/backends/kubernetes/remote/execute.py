"""A command in a container: the ``exec`` of a pod, over a websocket."""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import msgspec

from shoal.backends.kubernetes.errors import Status
from shoal.backends.kubernetes.remote.errors import ConnectionCut, ContainerNotRunning
from shoal.backends.kubernetes.remote.websocket import CLOSE, V4, V5, Channels, Sockets, open_channels
from shoal.backends.kubernetes.resources import PODS
from shoal.errors import ActionFailed, CommandNotRun

STDIN, STDOUT, STDERR, VERDICT, SIZE = range(5)
PERMISSION = "create pods/exec"
LARGEST_MESSAGE = 32 * 1024
MESSAGES_KEPT = 64


class Seat(msgspec.Struct, frozen=True):
    """A container that runs: where a command is put."""

    namespace: str
    pod: str
    container: str


class Ended(Exception):
    """The command takes no more input, as it has ended."""


class Command:
    """A command that runs in a container. Its standard input stays open until ``end_input``.

    exit_code: None until ``output`` has come to its end.
    """

    def __init__(self, channels: Channels, program: str, seat: Seat) -> None:
        self.exit_code: int | None = None
        self._channels = channels
        self._program = program
        self._seat = seat
        self._printed: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(MESSAGES_KEPT)
        self._reading = asyncio.ensure_future(self._read())
        self._reading.add_done_callback(_noticed)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._channels.close()

    async def write(self, data: bytes) -> None:
        """To its standard input. Raises Ended, ConnectionCut."""
        for start in range(0, len(data), LARGEST_MESSAGE):
            await self._unless_ended(self._channels.send(STDIN, data[start : start + LARGEST_MESSAGE]))

    async def end_input(self) -> None:
        """It reads the end of its input. API servers before 1.29 can't be told so: there it waits for more."""
        if self._channels.can_close_channels:
            await self._unless_ended(self._channels.send(CLOSE, bytes((STDIN,))))

    async def resize(self, columns: int, rows: int) -> None:
        """Of its terminal."""
        with suppress(Ended):
            size = msgspec.json.encode({"Width": columns, "Height": rows})
            await self._unless_ended(self._channels.send(SIZE, size))

    async def output(self) -> tuple[int, bytes] | None:
        """The next piece it has printed, as (STDOUT or STDERR, data); None after its end.

        Raises CommandNotRun, ContainerNotRunning, ConnectionCut.
        """
        piece = asyncio.ensure_future(self._printed.get())
        try:
            await asyncio.wait((piece, self._reading), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not piece.done():
                piece.cancel()
        if not piece.cancelled() and piece.done():
            return piece.result()
        if not self._printed.empty():
            return self._printed.get_nowait()
        self.exit_code = await self._reading
        return None

    def printed(self) -> Iterator[tuple[int, bytes]]:
        """What it has printed by now and ``output`` was not asked for, without waiting."""
        while not self._printed.empty():
            yield self._printed.get_nowait()

    async def _read(self) -> int:
        """Keep what is printed until it is asked for; the exit code."""
        while (message := await self._channels.receive()) is not None:
            channel, data = message
            if channel in (STDOUT, STDERR) and data:
                await self._printed.put((channel, data))
            if channel == VERDICT and data:
                return self._verdict(data)
        raise ConnectionCut(
            "the connection ended before the command did", where=self._seat.pod, next_step="run it again"
        )

    async def _unless_ended(self, sending: Coroutine[Any, Any, None]) -> None:
        """A command that has ended reads no more, so that sending might wait for ever."""
        sent = asyncio.ensure_future(sending)
        await asyncio.wait((sent, self._reading), return_when=asyncio.FIRST_COMPLETED)
        if not sent.done():
            sent.cancel()
            await asyncio.gather(sent, return_exceptions=True)
            raise Ended
        await sent

    def _verdict(self, data: bytes) -> int:
        try:
            said = msgspec.json.decode(data, type=_Verdict)
        except msgspec.DecodeError:
            said = _Verdict(status="Failure", message=data.decode(errors="replace"))
        if said.status == "Success":
            return 0
        causes = (said.details.causes if said.details else None) or ()
        code = next((cause.message for cause in causes if cause.reason == "ExitCode"), "")
        if code.isdecimal():
            return int(code)
        raise self._failure(said.message)

    def _failure(self, message: str) -> ActionFailed | CommandNotRun:
        if "executable file not found" in message or "no such file or directory" in message:
            return CommandNotRun(self._program, FileNotFoundError())
        if "permission denied" in message:
            return CommandNotRun(self._program, PermissionError(13, "Permission denied"))
        return not_running(self._seat, message)


class _Verdict(Status, frozen=True, kw_only=True):
    status: str = ""


def not_running(seat: Seat, message: str) -> ContainerNotRunning:
    """message: the API server's or the kubelet's own words."""
    return ContainerNotRunning(
        f"nothing can be run in container {seat.container!r}: {message}",
        where=seat.pod,
        next_step="`shoal status NAME` says what keeps it from running",
    )


async def gathered(start: Awaitable[Command]) -> tuple[int, str]:
    """The exit code of a command and all that it prints."""
    output = b""
    async with await start as running:
        while (piece := await running.output()) is not None:
            output += piece[1]
    return running.exit_code or 0, output.decode(errors="replace")


async def execute(sockets: Sockets, seat: Seat, command: Sequence[str], *, stdin: bool, tty: bool) -> Command:
    """Start ``command``. With a terminal its stderr comes with its stdout.

    Raises what ``open_channels`` does.
    """
    query = [
        *(("command", word) for word in command),
        ("container", seat.container),
        ("stdin", _flag(stdin)),
        ("stdout", "true"),
        ("stderr", _flag(not tty)),
        ("tty", _flag(tty)),
    ]
    path = PODS.path(seat.namespace, seat.pod, "exec")
    channels = await open_channels(sockets, path, query, (V5, V4), PERMISSION)
    return Command(channels, command[0], seat)


def _noticed(ended: "asyncio.Task[int]") -> None:
    """What ended it is told to whoever waits for its output; there need not be anybody."""
    if not ended.cancelled():
        ended.exception()


def _flag(value: bool) -> str:
    return "true" if value else "false"
