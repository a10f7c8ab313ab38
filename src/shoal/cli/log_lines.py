"""Log files shown line by line, several at a time, through their growth and rotation."""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import BinaryIO, Self

from shoal.backends.logs import LogFile, LogReplaced

CHUNK_BYTES = 64 * 1024


class Reader:
    """One open file. prefix: stands before each of its lines."""

    def __init__(self, stream: BinaryIO, prefix: bytes) -> None:
        self._stream = stream
        self._prefix = prefix
        self._partial = b""

    def lines(self) -> Iterator[bytes]:
        """The whole lines that have come since the last time."""
        while chunk := self._stream.read(CHUNK_BYTES):
            *whole, self._partial = (self._partial + chunk).split(b"\n")
            for line in whole:
                yield self._prefix + line + b"\n"

    def close(self) -> Iterator[bytes]:
        """Close it; the lines that were left, the last of which need not have ended."""
        yield from self.lines()
        if self._partial:
            yield self._prefix + self._partial + b"\n"
        self._stream.close()


class Readers:
    """Files that are shown together. They are known by identity, so that a rotated one is neither cut nor repeated.

    alone: there will be one file only, and its lines need no prefix.
    """

    def __init__(self, open_log: Callable[[LogFile], BinaryIO], sink: BinaryIO, *, alone: bool) -> None:
        self._open_log = open_log
        self._sink = sink
        self._alone = alone
        self._readers: dict[str, Reader] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reader in self._readers.values():
            lines = list(reader.close())
            if kind is None:
                self._sink.writelines(lines)
        self._sink.flush()

    def show(self, files: Sequence[LogFile], lines: int | None = None) -> None:
        """Write the rest of those shown before that are not in ``files`` any more, then what is new in these.

        lines: of a file not shown before, only the last so many; None for all.
        """
        for identity in self._readers.keys() - {file.identity for file in files}:
            self._sink.writelines(self._readers.pop(identity).close())
        for file in files:
            if file.identity not in self._readers:
                self._start(file, lines)
            if file.identity in self._readers:
                self._sink.writelines(self._readers[file.identity].lines())
        self._sink.flush()

    def _start(self, file: LogFile, lines: int | None) -> None:
        try:
            stream = self._open_log(file)
        except LogReplaced:  # the next look shows what took its place
            return
        if lines is not None:
            stream.seek(start_of_last(stream, lines))
        self._readers[file.identity] = Reader(stream, b"" if self._alone else f"{file.name}: ".encode())


def start_of_last(stream: BinaryIO, count: int) -> int:
    """Where the last ``count`` lines begin, in bytes from the start; an unfinished last line counts as one."""
    end = position = stream.seek(0, 2)
    if not (count and end):
        return end
    stream.seek(end - 1)
    newlines = count + (stream.read(1) == b"\n")  # the one at the very end begins no line
    while position:
        size = min(CHUNK_BYTES, position)
        position -= size
        stream.seek(position)
        block = stream.read(size)
        if (here := block.count(b"\n")) < newlines:
            newlines -= here
            continue
        at = size
        for _ in range(newlines):
            at = block.rfind(b"\n", 0, at)
        return position + at + 1
    return 0
