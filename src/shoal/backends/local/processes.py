"""The processes of a node: found by what they carry, ended by file descriptor, never by name.

The leader of a node opens a session; its pid and start time are journalled. What it starts inherits the marker
``SHOAL_NODE=UID/LAUNCH`` in its environment and keeps it in sessions of its own and after its parent's death. A few of
Ray's processes overwrite their environment with a title; those stay in the leader's session, and in the folder that
it was started in: after the leader's death its session's number alone proves nothing, as a later process may have it.
"""

import os
import select
import signal
import time
from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec

MARKER = "SHOAL_NODE"


class Process(msgspec.Struct, frozen=True):
    """One process.

    ticks: its start time in clock ticks since boot; with pid it names the process for good.
    marker: ``UID/LAUNCH`` from its environment; folder: its working directory; each "" if not of the asked cluster.
    """

    pid: int
    session: int
    ticks: int
    zombie: bool
    marker: str = ""
    folder: str = ""


def snapshot(uid: str) -> tuple[Process, ...]:
    """Every live process of this user, with marker and folder where they are of cluster ``uid``. /proc is read once."""
    found = (_read(int(entry.name), uid) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return tuple(process for process in found if process is not None and not process.zombie)


def members(processes: Iterable[Process], launch_marker: str, leader: int, ticks: int) -> tuple[Process, ...]:
    """The processes of one node: those with its marker, and those without any in a session that is proved to be its.

    leader, ticks: as journalled. A session is proved by a process with the marker in it, or by its living leader. Where
    neither is left, its number may have gone to strangers: then only those in the node's own folder are taken.
    """
    processes = tuple(processes)
    sessions = {p.session for p in processes if p.marker == launch_marker or (p.pid == leader and p.ticks == ticks)}
    return tuple(
        p
        for p in processes
        if p.marker == launch_marker
        or (not p.marker and p.session in sessions)
        or (
            leader and not p.marker and p.session == leader and _is_inside(p.folder, launch_marker) and p.ticks >= ticks
        )
    )


def leader(processes: Iterable[Process], launch_marker: str, pid: int, ticks: int) -> Process | None:
    """The live leader of a node. A crash may have come before its pid was journalled; then its marker tells it."""
    for process in processes:
        journalled = process.pid == pid and process.ticks == ticks
        marked = not pid and process.marker == launch_marker and process.pid == process.session
        if journalled or marked:
            return process
    return None


def start_ticks(pid: int) -> int:
    """Start time of a live process, 0 if there is none."""
    process = _read(pid, "")
    return process.ticks if process else 0


def send(process: Process, number: signal.Signals) -> None:
    """Signal exactly this process: by a descriptor, its start time checked after that is open, so never a later one."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if start_ticks(process.pid) == process.ticks:
            signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(descriptor)


def wait_gone(processes: Collection[Process], timeout_s: float) -> bool:
    """Wait until all of ``processes`` have ended; False when some have not after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    poller = select.poll()
    open_descriptors: dict[int, int] = {}
    for process in processes:
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        if start_ticks(process.pid) == process.ticks:
            open_descriptors[descriptor] = process.pid
            poller.register(descriptor, select.POLLIN)
        else:
            os.close(descriptor)
    try:
        while open_descriptors:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for descriptor, _ in poller.poll(left * 1000):
                poller.unregister(descriptor)
                del open_descriptors[descriptor]
                os.close(descriptor)
        return True
    finally:
        for descriptor in open_descriptors:
            os.close(descriptor)


def _read(pid: int, uid: str) -> Process | None:
    folder = Path("/proc") / str(pid)
    try:
        stat = (folder / "stat").read_bytes()
        environment = (folder / "environ").read_bytes()
        where = str((folder / "cwd").readlink())
    except (FileNotFoundError, ProcessLookupError):
        return None
    except PermissionError:  # another user's
        return None
    # The command name, in brackets, may itself hold spaces and brackets.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return Process(
        pid=pid,
        session=int(fields[3]),
        ticks=int(fields[19]),
        zombie=fields[0] == b"Z",
        marker=_marker(environment, f"{MARKER}={uid}/".encode()),
        folder=where if f"/{uid}/" in f"{where}/" else "",
    )


def _is_inside(folder: str, launch_marker: str) -> bool:
    return f"/{launch_marker}/" in f"{folder.removesuffix(' (deleted)')}/"


def _marker(environment: bytes, prefix: bytes) -> str:
    for entry in environment.split(b"\0"):
        if entry.startswith(prefix):
            return entry.split(b"=", 1)[1].decode(errors="replace")
    return ""
