"""Run `shoal` and die by SIGKILL at one chosen moment: ``crash_driver.py POINT COUNT before|within|after ARGS...``.

POINT names a function of the local backend (see POINTS), COUNT its how-manieth call from 1. ``within`` is for `append`
alone: half of the bytes are on disk. The moment that never comes leaves `shoal` to end as it does.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shoal.backends.local import archive, journal, paths, processes
from shoal.cli.main import run
from shoal.engine import launch

POINTS: dict[str, tuple[Any, str]] = {
    "append": (journal, "append"),
    "start": (launch, "_start"),
    "write": (paths, "write_private"),
    "send": (processes, "send"),
    "keep_logs": (archive, "keep_logs"),
    "rmtree": (shutil, "rmtree"),
    "unlink": (Path, "unlink"),
    "rmdir": (Path, "rmdir"),
}


def die() -> None:
    """End as by the hand of a person in a hurry."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying(original: Callable[..., Any], count: int, moment: str) -> Callable[..., Any]:
    """``original``, dying before or after its ``count``-th call."""
    calls = 0

    def call(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == count and moment == "before":
            die()
        if calls == count and moment == "within":
            tear_the_next_write()
        result = original(*args, **options)
        if calls == count:
            die()
        return result

    return call


def tear_the_next_write() -> None:
    """Let the journal's next write reach the disk by half, then die."""
    write = os.pwrite

    def half(descriptor: int, data: bytes, offset: int) -> int:
        write(descriptor, data[: len(data) // 2], offset)
        die()
        return 0

    setattr(os, "pwrite", half)  # noqa: B010


def main() -> None:
    """See the module."""
    point, count, moment, *arguments = sys.argv[1:]
    owner, name = POINTS[point]
    setattr(owner, name, dying(getattr(owner, name), int(count), moment))
    sys.exit(run(arguments))


main()
