"""Log files of nodes, live and gone. Nothing outside a node's log folder is ever listed, and only what is listed opens.

Jobs write into these folders too, so no symbolic link in them is followed.
"""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from shoal.backends.local import archive, paths
from shoal.backends.local.journal import Record
from shoal.backends.local.paths import output_path
from shoal.backends.logs import LogFile, LogReplaced, NodeUnknown, NothingKept
from shoal.desired.cluster import HEAD_NODE


def live_logs(cluster: str, record: Record, node: str) -> tuple[LogFile, ...]:
    """Log files of the last start of a node; the head's when ``node`` is "". Raises NodeUnknown."""
    launches = {known.node.name: known.launch for known in sorted(record.nodes.values(), key=lambda known: known.at)}
    name = node or HEAD_NODE
    if name not in launches:
        raise NodeUnknown(cluster, name, launches)
    output = output_path(record.uid, launches[name])
    found = [file for file in [_file(name, output, output.parent)] if file]
    folder = archive.logs_folder(record.uid, launches[name])
    if folder is not None and folder.resolve().is_relative_to(output.parent.resolve()):
        found += _below(name, folder)
    return tuple(sorted(found, key=lambda file: file.name))


def kept_logs(cluster: str, node: str) -> tuple[LogFile, ...]:
    """Log files of a node that is gone, from its last start in the newest life. Raises NothingKept, NodeUnknown."""
    homes = paths.archive_home(cluster).parent
    known = {home.name for home in homes.iterdir()} if homes.is_dir() else set()
    folders = sorted(paths.archive_home(cluster).glob("*/*"), key=_modified) if cluster in known else []
    if not folders:
        raise NothingKept(cluster, known - {cluster})
    newest_life = folders[-1].parent
    of_nodes = {folder.name.rpartition("-")[0]: folder for folder in folders if folder.parent == newest_life}
    name = node or HEAD_NODE
    if name not in of_nodes:
        raise NodeUnknown(cluster, name, of_nodes)
    return tuple(sorted(_below(name, of_nodes[name]), key=lambda file: file.name))


def open_log(file: LogFile) -> BinaryIO:
    """The file as it was listed, open at its start. Raises LogReplaced."""
    try:
        descriptor = os.open(file.place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            raise _replaced(file) from None
        raise
    stream = os.fdopen(descriptor, "rb")
    if _identity(os.fstat(descriptor)) != file.identity:
        stream.close()
        raise _replaced(file)
    return stream


def _below(node: str, folder: Path) -> Iterator[LogFile]:
    for parent, _, names in os.walk(folder):
        for name in names:
            file = _file(node, Path(parent, name), folder)
            if file is not None:
                yield file


def _file(node: str, path: Path, folder: Path) -> LogFile | None:
    """None for what is not a regular file, or is gone by now."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    name = str(path.relative_to(folder))
    return LogFile(node, name, status.st_size, status.st_mtime, str(path), _identity(status))


def _identity(status: os.stat_result) -> str:
    return f"{status.st_dev}:{status.st_ino}"


def _modified(folder: Path) -> float:
    return folder.stat().st_mtime


def _replaced(file: LogFile) -> LogReplaced:
    return LogReplaced(
        f"{file.name} was renamed or deleted just now", where=file.node, next_step="run the same command again"
    )
