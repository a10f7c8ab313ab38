"""Logs of nodes that are gone: kept when a node is stopped, read by ``shoal logs --dead``, pruned oldest first."""

import shutil
from pathlib import Path

from shoal.backends.local import paths
from shoal.backends.local.journal import NodeRecord

CAP_BYTES = 256 * 1024**2  # of one cluster name, all its past lives together
FILE_CAP_BYTES = 32 * 1024**2  # of one file; its end is kept, as there stands why something failed


def logs_folder(uid: str, launch: str) -> Path | None:
    """Where Ray writes the logs of this launch; None before it has made the folder."""
    folder = paths.runtime_folder(uid) / launch / "session_latest" / "logs"
    return folder if folder.is_dir() else None


def keep_logs(cluster: str, uid: str, node: NodeRecord) -> None:
    """Move the logs of an ended node to the archive, then prune that. Safe to repeat."""
    runtime = paths.runtime_folder(uid) / node.launch
    target = archived_folder(cluster, uid, node)
    source = logs_folder(uid, node.launch)
    if source is not None:
        for path in sorted(source.rglob("*")):
            if path.is_file() and not path.is_symlink():
                _keep(path, target / path.relative_to(source))
    if (runtime / "start.log").is_file():
        _keep(runtime / "start.log", target / "start.log")
    prune(paths.archive_home(cluster), CAP_BYTES)


def archived_folder(cluster: str, uid: str, node: NodeRecord) -> Path:
    """``LOGS/CLUSTER/UID/NODE-LAUNCH``: one folder a life of the cluster, in it one a start of a node."""
    name = node.node.name.replace("/", "_")  # a node is called after its group, and that is whatever a file says
    return paths.archive_home(cluster) / uid / f"{name}-{node.launch}"


def prune(home: Path, cap_bytes: int) -> None:
    """Delete the folders of nodes in ``home`` that are oldest until the rest is at most ``cap_bytes``."""
    sizes = [(folder.stat().st_mtime, folder, _size(folder)) for folder in home.glob("*/*") if folder.is_dir()]
    excess = sum(size for _, _, size in sizes) - cap_bytes
    for _, folder, size in sorted(sizes):
        if excess <= 0:
            return
        shutil.rmtree(folder)
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()
        excess -= size


def _keep(source: Path, target: Path) -> None:
    paths.make_private(target.parent)
    excess = source.stat().st_size - FILE_CAP_BYTES
    if excess <= 0:
        shutil.move(source, target)
        return
    with source.open("rb") as whole, target.open("wb") as kept:
        whole.seek(excess)
        kept.write(b"[the first %d bytes were cut off]\n" % excess)
        shutil.copyfileobj(whole, kept)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
