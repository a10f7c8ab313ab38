"""A process that keeps a cluster reachable for as long as the shell that asked for it lives, and no longer."""

import contextlib
import os
import time
from pathlib import Path

import msgspec

from shoal.backends.base import Backend, Endpoints
from shoal.cli.failure import report

LOOK_EVERY_S = 1.0


def hold(backend: Backend, cluster: str) -> tuple[Endpoints, int]:
    """Where the cluster is reached from now on, and the process that keeps it so. Nothing of ``backend`` runs yet.

    Raises SystemExit when the process could not begin; it has said why.
    """
    shell = _asker()
    reading, writing = os.pipe()
    holder = os.fork()
    if holder == 0:
        os.close(reading)
        os._exit(_hold(backend, cluster, shell, writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    if not told:
        _, ended = os.waitpid(holder, 0)
        raise SystemExit(os.waitstatus_to_exitcode(ended))
    return msgspec.json.decode(told, type=Endpoints), holder


def _hold(backend: Backend, cluster: str, shell: "tuple[int, str]", writing: int) -> int:
    """What the process does; its exit code."""
    try:
        with backend.reach(cluster) as endpoints:
            os.setsid()  # a Ctrl-C in the shell is not for it
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(msgspec.json.encode(endpoints))
            _let_go_of_streams()
            while _lives(shell):
                time.sleep(LOOK_EVERY_S)
    except Exception as error:  # noqa: BLE001 - a process of its own: this is its main
        return report(error)
    return 0


def _let_go_of_streams() -> None:
    """Who reads what the verb prints waits until nobody has it open for writing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def _asker() -> "tuple[int, str]":
    """The process that asked, and when it started: in ``$(shoal env NAME)`` not the subshell, which ends at once.

    A subshell is known by its standard output, which is the same pipe as ours.
    """
    pid, ours = os.getppid(), _output(os.getpid())
    while ours.startswith("pipe:") and _output(pid) == ours and pid > 1:
        pid = int(_stat(pid)[1])
    return pid, _stat(pid)[19] if Path("/proc").is_dir() else ""


def _lives(process: "tuple[int, str]") -> bool:
    pid, started = process
    try:
        os.kill(pid, 0)
        return not started or _stat(pid)[19] == started
    except (ProcessLookupError, FileNotFoundError):
        return False
    except PermissionError:
        return True


def _output(pid: int) -> str:
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/{pid}/fd/1").readlink())
    return ""


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command's name, which may itself hold spaces and brackets."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
