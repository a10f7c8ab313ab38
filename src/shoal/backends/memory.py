"""The memory backend: clusters that exist only in this object. A verified fake, held to the conformance suite of all.

It keeps intent, deed and record apart as the real ones do: an action is first written down, then done, then noted as
done, so that a crash can be set before, between and after.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from shoal.backends.base import Endpoints, NodeBackend, Port
from shoal.backends.logs import LogFile, LogReplaced, NothingKept
from shoal.desired.cluster import DesiredCluster, DesiredNode, Role
from shoal.errors import ActionFailed, ClusterUnknown
from shoal.plan.actions import Action, Plan, PrepareCluster, RecordSpec, RemoveCluster, Stage, StartNode, StopNode
from shoal.plan.render import describe
from shoal.world.snapshot import ObservedNode, Phase, World

if TYPE_CHECKING:
    import subprocess

Checkpoint = Callable[[str, str], None]
"""Called as ``(moment, action)`` with moment "begun" (before the intent), "intended", "done" and "recorded" in turn.

It may raise, to play a crash there.
"""


RAY_NAMES = {"CPU": "num-cpus", "GPU": "num-gpus", "memory": "memory", "object_store_memory": "object-store-memory"}


class MemoryNode(msgspec.Struct):
    """One node of a cluster in memory.

    phase: Dead also while its start is intended and not done. launch: no two starts have the same, 0 before its start.
    """

    wanted: DesiredNode
    phase: Phase
    launch: int = 0


class MemoryCluster(msgspec.Struct):
    """One cluster in memory."""

    wanted: DesiredCluster
    prepared: bool = False
    removing: bool = False
    nodes: dict[str, MemoryNode] = {}


class MemoryBackend(NodeBackend):
    """Clusters in memory.

    created, deleted: names of the nodes that were really made and really ended, in order, over its whole life.
    """

    def __init__(self, checkpoint: Checkpoint = lambda moment, action: None) -> None:
        self.checkpoint = checkpoint
        self.created: list[str] = []
        self.deleted: list[str] = []
        self._clusters: dict[str, MemoryCluster] = {}

    async def clusters(self) -> tuple[str, ...]:
        """Names of all clusters."""
        return tuple(sorted(self._clusters))

    async def observe(self, cluster: str) -> World:
        """What exists. A node that was started is seen by Ray at the next look."""
        found = self._clusters.get(cluster)
        if found is None:
            return World(cluster)
        gcs = any(node.wanted.role is Role.HEAD and _runs(node) for node in found.nodes.values())
        nodes = tuple(_observed(node, gcs) for node in found.nodes.values())
        for node in found.nodes.values():
            if node.phase is Phase.STARTING and gcs:
                node.phase = Phase.RUNNING
        return World(
            cluster=cluster,
            begun=True,
            prepared=found.prepared,
            removing=found.removing,
            wanted=found.wanted,
            nodes=nodes,
            gcs=gcs,
        )

    def check(self, plan: Plan) -> None:
        """Nothing stands in the way of anything here."""

    async def apply(self, cluster: str, stage: Stage) -> None:
        """Do one stage."""
        for action in stage:
            self._apply(cluster, action)

    @contextmanager
    def changing(self, cluster: str) -> Iterator[None]:
        """Nothing else can reach what is in this object's memory."""
        yield

    def endpoints(self, cluster: str) -> Endpoints:
        """Addresses at which nothing listens. Raises ClusterUnknown."""
        if cluster not in self._clusters:
            raise ClusterUnknown(cluster, tuple(self._clusters))
        host = f"{cluster}.invalid"
        return Endpoints(f"{host}:6379", f"http://{host}:8265", f"ray://{host}:10001", "", {})

    @contextmanager
    def ports(self, cluster: str, numbers: Sequence[int]) -> Iterator[tuple[Port, ...]]:
        """Addresses at which nothing listens. Raises ClusterUnknown."""
        host = self.endpoints(cluster).gcs.partition(":")[0]
        yield tuple(Port(number, "", f"{host}:{number}") for number in numbers)

    def execute(self, cluster: str, command: Sequence[str], *, stdin: bool, tty: bool) -> int:
        """Raises ActionFailed: there is no machine behind it."""
        raise ActionFailed(f"cluster {cluster!r} exists in memory only, nothing can run in it")

    async def run(self, cluster: str, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Raises ActionFailed: there is no machine behind it."""
        raise ActionFailed(f"cluster {cluster!r} exists in memory only, nothing can run in it")

    def log_files(self, cluster: str, node: str = "", *, dead: bool = False) -> tuple[LogFile, ...]:
        """None: nothing runs that could write any. Raises ClusterUnknown, NothingKept."""
        if dead:
            raise NothingKept(cluster, ())
        if cluster not in self._clusters:
            raise ClusterUnknown(cluster, tuple(self._clusters))
        return ()

    def open_log(self, file: LogFile) -> BinaryIO:
        """Raises LogReplaced: none was ever listed."""
        raise LogReplaced(f"{file.name} exists in memory only", where=file.node)

    def copy_up(self, cluster: str, source: str, target: str) -> str:
        """Raises ActionFailed: there is no machine behind it."""
        raise ActionFailed(f"cluster {cluster!r} exists in memory only, it has no files")

    def copy_down(self, cluster: str, source: str, target: str) -> str:
        """Raises ActionFailed: there is no machine behind it."""
        raise ActionFailed(f"cluster {cluster!r} exists in memory only, it has no files")

    def kill(self, cluster: str, node: str) -> None:
        """End a node from outside, as a crash or a person would."""
        self._clusters[cluster].nodes[node].phase = Phase.DEAD

    def live_nodes(self, cluster: str) -> dict[str, int]:
        """Every node that runs, whatever is written about it, and which start of a node it came from."""
        found = self._clusters.get(cluster)
        return {name: node.launch for name, node in found.nodes.items() if _runs(node)} if found else {}

    def _apply(self, cluster: str, action: Action) -> None:
        def reach(moment: str) -> None:
            self.checkpoint(moment, describe(action))

        reach("begun")
        match action:
            case PrepareCluster():
                found = self._clusters.setdefault(cluster, MemoryCluster(action.cluster))
                reach("intended")
                found.wanted = action.cluster
                found.prepared = True
                reach("done")
            case RecordSpec():
                self._clusters[cluster].wanted = action.cluster
            case StartNode():
                self._start(self._clusters[cluster], action.node, reach)
            case StopNode():
                self._stop(self._clusters[cluster], action.node, reach)
            case RemoveCluster():
                self._clusters[cluster].removing = True
                reach("intended")
                del self._clusters[cluster]
        reach("recorded")

    def _start(self, cluster: MemoryCluster, wanted: DesiredNode, reach: Callable[[str], None]) -> None:
        if wanted.name in cluster.nodes:
            raise ActionFailed(f"node {wanted.name} is to be started and exists already")
        node = cluster.nodes[wanted.name] = MemoryNode(wanted, Phase.DEAD)
        reach("intended")
        node.phase = Phase.STARTING
        self.created.append(wanted.name)
        node.launch = len(self.created)
        reach("done")

    def _stop(self, cluster: MemoryCluster, name: str, reach: Callable[[str], None]) -> None:
        node = cluster.nodes.get(name)
        if node is None:
            return
        if lives := _runs(node):
            node.phase = Phase.STOPPING
        reach("intended")
        if lives:
            self.deleted.append(name)
        node.phase = Phase.DEAD
        reach("done")
        del cluster.nodes[name]


def _runs(node: MemoryNode) -> bool:
    return node.phase in (Phase.STARTING, Phase.RUNNING, Phase.STOPPING)


def _observed(node: MemoryNode, gcs: bool) -> ObservedNode:
    # Without a GCS there is nobody to say that Ray sees a node.
    phase = Phase.STARTING if node.phase is Phase.RUNNING and not gcs else node.phase
    seen = phase is Phase.RUNNING
    return ObservedNode(
        name=node.wanted.name,
        role=node.wanted.role,
        group=node.wanted.group,
        fingerprint=node.wanted.fingerprint,
        phase=phase,
        ray_id=f"{node.launch:056x}" if seen else "",
        resources=_resources(node.wanted.start_params) if seen else {},
    )


def _resources(params: Mapping[str, str]) -> dict[str, float]:
    """What Ray would report of a node with these options, as far as they name it."""
    return {name: float(params[option]) for name, option in RAY_NAMES.items() if option in params}
