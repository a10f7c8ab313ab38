"""The few lines of Python that do in a pod what can't be done from outside: started by exec, spoken to by streams."""

import inspect
import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self

import msgspec

from shoal.backends.kubernetes.remote import pod_side
from shoal.backends.kubernetes.remote.errors import HelperFailed
from shoal.backends.kubernetes.remote.execute import STDERR, Command, Ended
from shoal.backends.kubernetes.remote.portal import Portal
from shoal.errors import CommandNotRun

# Its text comes by standard input: a command line would be too long for some proxies, and stands in audit logs.
READ_ITSELF = "import sys;exec(compile(sys.stdin.buffer.read(int(sys.argv[1])),'shoal','exec'))"


class Start(Protocol):
    """Starts a command in the pod, with its standard input open."""

    async def __call__(self, command: Sequence[str]) -> Command: ...


class Words(msgspec.Struct, frozen=True):
    """What it says when it fails."""

    why: str
    where: str = ""


class Helper:
    """One run of it: its output is read from here, what is written goes to its input. Use it as a context.

    verb, arguments: see ``pod_side.main``. failed: makes an error of what it says when it fails.
    """

    def __init__(
        self, portal: Portal, start: Start, verb: str, *arguments: str, failed: Callable[[Words], Exception]
    ) -> None:
        self._portal = portal
        self._failed = failed
        self._read = b""
        self._said = b""
        script = inspect.getsource(pod_side).encode()
        words = ["python3", "-I", "-c", READ_ITSELF, str(len(script)), verb, *arguments]
        self._command = portal.call(start(words))
        portal.at_end(lambda: self._command.__aexit__(None, None, None))
        self.write(script)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._portal.call(self._command.__aexit__(kind, error, trace))

    def write(self, data: bytes) -> int:
        """Raises ConnectionCut, and what ``failed`` makes when it has said that it failed."""

        async def send() -> list[tuple[int, bytes]]:
            with suppress(Ended):
                await self._command.write(bytes(data))
            return list(self._command.printed())

        for piece in self._portal.call(send()):
            self._take(*piece)
        return len(data)

    def read(self, count: int) -> bytes:
        """As many bytes as were asked for; fewer only at the end."""
        while len(self._read) < count and self._more():
            pass
        data, self._read = self._read[:count], self._read[count:]
        return data

    def line(self) -> dict[str, Any]:
        """Its next answer. Raises what ``failed`` makes, and HelperFailed for one that makes no sense."""
        while b"\n" not in self._read and self._more():
            pass
        line, newline, self._read = self._read.partition(b"\n")
        if not newline:
            self.finish()
            raise HelperFailed("it ended without an answer", next_step="run the command again")
        try:
            return msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError as error:
            said = line[:200].decode(errors="replace")
            raise HelperFailed(f"its answer makes no sense: {said!r}", next_step="see what python3 is there") from error

    def finish(self) -> None:
        """Wait for its end. Raises what ``failed`` makes if it failed."""
        while self._more():
            self._read = b""
        if self._command.exit_code:
            said = self._said.decode(errors="replace").strip()[-500:]
            raise self._failed(Words(said or f"exit code {self._command.exit_code}"))

    def _more(self) -> bool:
        try:
            piece = self._portal.call(self._command.output())
        except CommandNotRun as error:
            step = "`shoal exec` can run what is there"
            raise HelperFailed("the Ray container has no python3", next_step=step) from error
        if piece is not None:
            self._take(*piece)
        return piece is not None

    def _take(self, channel: int, data: bytes) -> None:
        if channel != STDERR:
            self._read += data
            return
        *lines, rest = (self._said + data).split(b"\n")
        for line in lines:
            with suppress(msgspec.DecodeError):
                # It has failed, and waits until nothing more is sent to it.
                raise self._failed(msgspec.json.decode(line, type=Words))
        self._said = b"\n".join([*lines, rest])[-8192:]


def as_failure(words: Words) -> HelperFailed:
    """For what needs no error of its own."""
    return HelperFailed(words.why, where=words.where, next_step="see whether the pod still runs")


class Reading(io.RawIOBase):
    """The output of a Helper as a file."""

    def __init__(self, helper: Helper) -> None:
        self._helper = helper

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        data = self._helper.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
