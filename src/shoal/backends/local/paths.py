"""Where the local backend keeps things: state under XDG_STATE_HOME, Ray's own temporary folders under /tmp.

Ray puts unix sockets below its temporary folder and their paths may have 107 bytes at most, so that one is short.
"""

import os
import re
from pathlib import Path

from shoal.errors import ClusterUnknown, InputError


class HomeUnknown(InputError):
    """Shoal does not know where to keep the state of clusters.

    It goes to $XDG_STATE_HOME/shoal, by default ~/.local/state/shoal. The user has no home folder, as happens in
    containers that run under any user id. Set HOME or XDG_STATE_HOME to a folder that you may write to.
    """

    code = "E115"


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def names_no_cluster(cluster: str) -> bool:
    """Whether no cluster can have this name, be it that as a path it would lead elsewhere."""
    return _NAME.fullmatch(cluster) is None


def state_home() -> Path:
    """``$XDG_STATE_HOME/shoal``, by default ``~/.local/state/shoal``."""
    base = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(base):  # noqa: PTH117 - the XDG specification: a relative path is to be ignored
        return Path(base) / "shoal"
    try:
        return Path.home() / ".local" / "state" / "shoal"
    except RuntimeError:
        raise HomeUnknown("this user has no home folder", next_step="set HOME, or XDG_STATE_HOME") from None


def clusters_home() -> Path:
    """Holds one folder a cluster."""
    return state_home() / "clusters"


def known_clusters() -> tuple[str, ...]:
    """Names of the clusters of which a folder is left, sorted."""
    found = (path.name for path in clusters_home().glob("*/"))
    return tuple(sorted(name for name in found if not names_no_cluster(name)))


def cluster_folder(cluster: str) -> Path:
    """Journal and token of one cluster, mode 0700. Raises ClusterUnknown for what can't be a name."""
    return clusters_home() / _safe(cluster)


def archive_home(cluster: str) -> Path:
    """Logs of clusters of this name that are gone, one folder each. Raises ClusterUnknown for what can't be a name."""
    return state_home() / "logs" / _safe(cluster)


def lock_path(cluster: str) -> Path:
    """Who holds it may change ``cluster``. Raises ClusterUnknown for what can't be a name."""
    return state_home() / "locks" / _safe(cluster)


def runtime_home() -> Path:
    """Holds Ray's temporary folders of all clusters of this user, whatever their state home."""
    return Path(f"/tmp/shoal-{os.getuid()}")  # noqa: S108 - made 0700, and its owner checked, by make_private


def runtime_folder(uid: str) -> Path:
    """Ray's temporary folders of the cluster with this ``uid``."""
    return runtime_home() / uid


def claim_path(uid: str) -> Path:
    """Says which ports the cluster with this ``uid`` was given."""
    return runtime_folder(uid) / "ports.json"


def port_lock_path() -> Path:
    """Who holds it may choose ports."""
    return runtime_home() / ".ports"


def journal_path(cluster: str) -> Path:
    """Where the journal of ``cluster`` is."""
    return cluster_folder(cluster) / "journal.jsonl"


def token_path(cluster: str) -> Path:
    """Where the token of ``cluster`` is, mode 0600."""
    return cluster_folder(cluster) / "token"


def output_path(uid: str, launch: str) -> Path:
    """What ``ray start`` of this launch prints."""
    return runtime_folder(uid) / launch / "start.log"


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


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to a new file of mode 0600, whole or not at all."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    draft.rename(path)


def _safe(cluster: str) -> str:
    if names_no_cluster(cluster):
        raise ClusterUnknown(cluster)
    return cluster
