"""Where the local backend keeps things: state under XDG_STATE_HOME, Ray's own temporary folders under /tmp.

Ray puts unix sockets below its temporary folder and their paths may have 107 bytes at most, so that one is short.
"""

import os
import re
from pathlib import Path

from shoal.backends.state import make_private as make_private
from shoal.backends.state import state_home as state_home
from shoal.backends.state import write_private as write_private
from shoal.errors import ClusterUnknown

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def names_no_cluster(cluster: str) -> bool:
    """Whether no cluster can have this name, be it that as a path it would lead elsewhere."""
    return _NAME.fullmatch(cluster) is None


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


def _safe(cluster: str) -> str:
    if names_no_cluster(cluster):
        raise ClusterUnknown(cluster)
    return cluster
