"""Where the local backend keeps things: state under XDG_STATE_HOME, Ray's own temporary folders under /tmp.

Ray puts unix sockets below its temporary folder and their paths may have 107 bytes at most, so that one is short.
"""

import os
from pathlib import Path


def state_home() -> Path:
    """``$XDG_STATE_HOME/shoal``, by default ``~/.local/state/shoal``."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "shoal"


def clusters_home() -> Path:
    """Holds one folder a cluster."""
    return state_home() / "clusters"


def cluster_folder(cluster: str) -> Path:
    """Journal and token of one cluster, mode 0700."""
    return clusters_home() / cluster


def archive_home(cluster: str) -> Path:
    """Logs of clusters of this name that are gone, one folder each."""
    return state_home() / "logs" / cluster


def runtime_folder(uid: str) -> Path:
    """Ray's temporary folders of the cluster with this ``uid``."""
    return Path(f"/tmp/shoal-{os.getuid()}") / uid  # noqa: S108 - made 0700, and its owner checked, by make_private


def make_private(folder: Path) -> None:
    """Make ``folder`` and its parents below /tmp or the state home for this user alone.

    Raises PermissionError if it is there and someone else's: in /tmp anyone could have made it first.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or folder.is_symlink():
        raise PermissionError(f"{folder} belongs to another user")
    if found.st_mode & 0o077:
        folder.chmod(0o700)
