"""Log files of nodes, as every backend names them, and what can go wrong with reading them."""

from collections.abc import Collection
from difflib import get_close_matches

import msgspec

from shoal.errors import ActionFailed, InputError


class LogFile(msgspec.Struct, frozen=True):
    """One log file of a node, as it was when the backend listed it.

    name: below the node's log folder, as ``raylet.out``; ``start.log`` is what ``ray start`` itself printed.
    size: bytes. modified: seconds since the epoch.
    place: where it is, in the backend's own words.
    identity: follows the file when it is renamed; another file that takes its name, as in rotation, has another one.
    """

    node: str
    name: str
    size: int
    modified: float
    place: str
    identity: str


class NodeUnknown(InputError):
    """The cluster has no node of this name, or of the nodes that are gone no logs of this one were kept.

    `shoal status NAME` shows the nodes that exist; a node that was replaced has its earlier logs under `--dead`.
    """

    code = "E510"

    def __init__(self, cluster: str, node: str, known: Collection[str]) -> None:
        near = get_close_matches(node, known, n=1)
        dead = f"it has no nodes now; `shoal logs {cluster} --dead` reads the logs of those that are gone"
        step = f"did you mean {near[0]!r}?" if near else f"its nodes are {', '.join(sorted(known))}" if known else dead
        super().__init__(f"there is no node {node!r}", where=cluster, next_step=step)


class LogReplaced(ActionFailed):
    """The log file was renamed or deleted between being listed and being opened.

    Ray rotates its logs when they grow. Run the same command again: it lists them anew.
    """

    code = "E511"


class NothingKept(InputError):
    """No logs of a cluster of this name were kept.

    Logs are kept when a node is stopped, by `shoal down` or when `shoal up` replaces it, up to 256 MiB of each
    cluster name; the oldest go first. A cluster that still runs is read without `--dead`.

    On Kubernetes they are kept where the RayCluster's annotation `shoal.dev/logs-to` says, `pvc://CLAIM` or
    `s3://BUCKET`; when the RayCluster is gone too, `--from` says it. With RAY_LOG_TO_STDERR=1 Ray writes no log files:
    what its containers print is then kept by whatever collects that from your Kubernetes cluster, and read there.
    """

    code = "E512"

    def __init__(self, cluster: str, known: Collection[str], why: str = "", step: str = "") -> None:
        near = get_close_matches(cluster, known, n=1)
        usual = f"did you mean {near[0]!r}?" if near else "without --dead, `shoal logs` reads clusters that run"
        reason = f": {why}" if why else ""
        super().__init__(f"no logs of a cluster {cluster!r} were kept{reason}", next_step=step or usual)
