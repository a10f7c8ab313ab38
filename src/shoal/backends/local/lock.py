"""One change of a cluster at a time. The kernel drops the lock when its holder dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from shoal.backends.local.paths import lock_path, make_private, port_lock_path
from shoal.errors import ActionFailed


class ClusterBusy(ActionFailed):
    """Another `shoal` is changing this cluster right now.

    Only one `up` or `down` of a cluster runs at a time, so that two cannot undo each other's work. Wait for it, or end
    it: after that the same command again takes up where it left off.
    """

    code = "E204"


@contextmanager
def exclusive(cluster: str) -> Iterator[None]:
    """Hold the lock of ``cluster``. Raises ClusterBusy at once if someone else does, ClusterUnknown."""
    path = lock_path(cluster)
    make_private(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode().strip() or "?"
            raise ClusterBusy(
                f"process {holder} is changing cluster {cluster!r}", next_step="wait for it, then try again"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def choosing_ports() -> Iterator[None]:
    """Held from the choice of ports until they are claimed, so that no two clusters choose the same. Waits."""
    path = port_lock_path()
    make_private(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
