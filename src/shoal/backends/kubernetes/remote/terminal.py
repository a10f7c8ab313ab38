"""This process's own streams joined to a command elsewhere: raw terminal, its size, and bytes both ways."""

import asyncio
import os
import select
import shutil
import signal
import sys
import termios
import threading
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

CHUNK = 32 * 1024


@contextmanager
def raw(descriptor: int) -> Iterator[None]:
    """The terminal passes every key on, Ctrl-C too; as it was before when this ends, however it ends."""
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def on_resize(tell: Callable[[int, int], None]) -> Iterator[None]:
    """Call ``tell(columns, rows)`` now and whenever the window has changed. Where signals can't be had, only now."""

    def changed(*_: object) -> None:
        size = shutil.get_terminal_size()
        tell(size.columns, size.lines)

    changed()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGWINCH, changed)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)


async def keys(descriptor: int) -> AsyncIterator[bytes]:
    """What comes in at ``descriptor``, until its end. It is not made non-blocking: others share it."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    try:
        loop.add_reader(descriptor, readable.set)
    except PermissionError:  # a regular file is always readable
        while data := await asyncio.to_thread(os.read, descriptor, CHUNK):
            yield data
        return
    try:
        while True:
            await readable.wait()
            readable.clear()
            if not select.select([descriptor], [], [], 0)[0]:
                continue  # it was told once too often, and reading would wait, with all that runs beside it
            data = os.read(descriptor, CHUNK)
            if not data:
                return
            yield data
    finally:
        loop.remove_reader(descriptor)


def show(error: bool, data: bytes) -> None:
    """Print ``data`` as it came, at once."""
    stream = sys.stderr.buffer if error else sys.stdout.buffer
    stream.write(data)
    stream.flush()
