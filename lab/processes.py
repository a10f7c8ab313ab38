"""Processes that outlive us, each recorded by pid and start time: a reused pid is never taken for ours."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.folders import Run
from lab.shell import LAST_LINES

STOP_S = 40.0
"""How long a process may take to end before it is killed. The API server lets its watches go first."""
POLL_S = 0.1
# Fields of /proc/PID/stat after the name: the state is the first, the start time (in ticks since boot) the 20th.
STATE, START_TIME = 0, 19


@dataclass(frozen=True)
class Process:
    """A process that we started; ``started`` in clock ticks since boot."""

    name: str
    pid: int
    started: int

    @property
    def is_running(self) -> bool:
        """Whether it is still that process, and no zombie."""
        return start_time(self.pid) == self.started


def start_time(pid: int) -> int | None:
    """When a living process started, in ticks since boot; None for one that ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[STATE] in "ZX" else int(fields[START_TIME])


def recorded(run: Run) -> list[Process]:
    """Every process on record, running or not."""
    return [_read(path) for path in sorted(run.record("*").parent.glob("*.json"))]


def running(run: Run, name: str) -> Process | None:
    """The process of that name, if it runs."""
    path = run.record(name)
    process = _read(path) if path.exists() else None
    return process if process and process.is_running else None


def ensure(run: Run, name: str, argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Process:
    """Start a process unless it runs already. It lives in a session of its own and writes to the lab's logs."""
    if found := running(run, name):
        return found
    run.make()
    with run.log(name).open("ab") as log:
        child = subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=run.folder,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
    process = Process(name, child.pid, start_time(child.pid) or 0)
    path = run.record(name)
    path.with_suffix(".new").write_text(json.dumps({"name": name, "pid": process.pid, "started": process.started}))
    path.with_suffix(".new").replace(path)
    return process


def check_alive(run: Run, process: Process) -> None:
    """``LabError`` with the end of its log when a process has ended."""
    if not process.is_running:
        log = run.log(process.name)
        last = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        raise LabError(f"{process.name} ended; the end of {log}:", "\n  ".join(last) or "(nothing)")


def stop(run: Run, names: Iterable[str], within_s: float = STOP_S) -> None:
    """End the named processes at the same time, with SIGKILL for those that are not gone ``within_s``."""
    left = [process for name in names if (process := running(run, name))]
    for process in left:
        _signal(process, signal.SIGTERM)
    end = time.monotonic() + within_s
    while (left := [process for process in left if process.is_running]) and time.monotonic() < end:
        time.sleep(POLL_S)
    for process in left:
        _signal(process, signal.SIGKILL)
    while any(process.is_running for process in left):
        time.sleep(POLL_S)
    for name in names:
        run.record(name).unlink(missing_ok=True)


def _signal(process: Process, number: signal.Signals) -> None:
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return  # it ended by itself: what we want


def _read(path: Path) -> Process:
    return Process(**json.loads(path.read_text()))
