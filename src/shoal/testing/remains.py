"""What a cluster on this machine has left, looked for in every place where it can leave something."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from shoal.backends.local import paths
from shoal.backends.local.listeners import listening
from shoal.backends.local.processes import MARKER

SHM = Path("/dev/shm")  # noqa: S108


def remains(cluster: str, uid: str, ports: Iterable[int] = ()) -> list[str]:
    """Processes, folders and ports of one cluster, each in words; [] when nothing is left.

    uid: as its journal has it, "" when it never came to have one.
    """
    left = [f"folder {folder}" for folder in _folders(cluster, uid) if folder.exists()]
    if uid:
        left += [f"process {pid}: {why}" for pid, why in _processes(uid)]
    taken = {port for _, port, _ in listening()}
    return left + [f"port {port}" for port in ports if port in taken]


def shared_memory() -> set[str]:
    """Names of what is in /dev/shm."""
    return {entry.name for entry in _entries(SHM)}


def _folders(cluster: str, uid: str) -> list[Path]:
    return [paths.cluster_folder(cluster), *([paths.runtime_folder(uid)] if uid else [])]


def _processes(uid: str) -> Iterator[tuple[int, str]]:
    runtime, marker = str(paths.runtime_folder(uid)), f"{MARKER}={uid}/"
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid() or _is_zombie(folder):
            continue
        why = next((name for name, text in _traces(folder) if runtime in text or marker in text), "")
        if why:
            command = _read(folder / "cmdline").replace("\0", " ")[:100]
            yield int(folder.name), f"its {why} mentions {uid} ({command})"


def _traces(folder: Path) -> Iterator[tuple[str, str]]:
    yield "environment", _read(folder / "environ")
    yield "command line", _read(folder / "cmdline")
    yield "folder", _link(folder / "cwd")
    yield "memory", _read(folder / "maps")
    for entry in _entries(folder / "fd"):
        yield "open file", _link(entry)


def _is_zombie(folder: Path) -> bool:
    return _read(folder / "stat").rpartition(")")[2].split()[:1] == ["Z"]


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_bytes().decode(errors="replace")
    return ""


def _link(path: Path) -> str:
    with suppress(OSError):
        return str(path.readlink())
    return ""


def _entries(folder: Path) -> list[Path]:
    with suppress(OSError):
        return list(folder.iterdir())
    return []
