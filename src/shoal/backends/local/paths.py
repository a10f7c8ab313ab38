"""Where the local backend keeps things: state under XDG_STATE_HOME, Ray's own temporary folders under /tmp.

Ray puts unix sockets below its temporary folder and their paths may have 107 bytes at most, so that one is short.
"""

import os
import re
from pathlib import Path

from shoal.errors import ClusterUnknown

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def names_no_cluster(cluster: str) -> bool:
    """Whether no cluster can have this name, be it that as a path it would lead elsewhere."""
    return _NAME.fullmatch(cluster) is None


def state_home() -> Path:
    """``$XDG_STATE_HOME/shoal``, by default ``~/.local/state/shoal``."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "shoal"


def clusters_home() -> Path:
    """Holds one folder a cluster."""
    return state_home() / "clusters"


def cluster_folder(cluster: str) -> Path:
    """Journal and token of one cluster, mode 0700. Raises ClusterUnknown for what can't be a name."""
    return clusters_home() / _safe(cluster)


def archive_home(cluster: str) -> Path:
    """Logs of clusters of this name that are gone, one folder each. Raises ClusterUnknown for what can't be a name."""
    return state_home() / "logs" / _safe(cluster)


def lock_path(cluster: str) -> Path:
    """Who holds it may change ``cluster``. Raises ClusterUnknown for what can't be a name."""
    return state_home() / "locks" / _safe(cluster)


def port_lock_path() -> Path:
    """Who holds it may choose ports. No cluster can have its name."""
    return state_home() / "locks" / ".ports"


def runtime_folder(uid: str) -> Path:
    """Ray's temporary folders of the cluster with this ``uid``."""
    return Path(f"/tmp/shoal-{os.getuid()}") / uid  # noqa: S108 - made 0700, and its owner checked, by make_private


def make_private(folder: Path) -> None:
    """Make ``folder``, and those of its parents that are missing, for this user alone.

    Raises PermissionError if it is there and someone else's: in /tmp anyone could have made it first.
    """
    if not folder.parent.is_dir():
        make_private(folder.parent)  # mkdir(parents=True) would leave these open to others
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or folder.is_symlink():
        raise PermissionError(f"{folder} belongs to another user")
    if found.st_mode & 0o077:
        folder.chmod(0o700)


def _safe(cluster: str) -> str:
    if names_no_cluster(cluster):
        raise ClusterUnknown(cluster)
    return cluster
