"""The memory backend: clusters that exist only in this object. A verified fake, held to the conformance suite of all.

It keeps intent and deed apart as the real ones do: an action is first written down, then done, so that a crash can be
set between the two.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from shoal.backends.base import Endpoints
from shoal.desired.cluster import DesiredCluster, DesiredNode, Role
from shoal.errors import ActionFailed, ClusterUnknown
from shoal.plan.actions import Action, PrepareCluster, RecordSpec, RemoveCluster, Stage, StartNode, StopNode
from shoal.plan.render import describe
from shoal.world.snapshot import ObservedNode, Phase, World

Checkpoint = Callable[[str, str], None]
"""Called as ``(moment, action)`` with moment "intended", "done" or "recorded"; it may raise to play a crash there."""


class MemoryNode(msgspec.Struct):
    """One node of a cluster in memory."""

    wanted: DesiredNode
    phase: Phase


class MemoryCluster(msgspec.Struct):
    """One cluster in memory."""

    wanted: DesiredCluster
    ready: bool = False
    removing: bool = False
    nodes: dict[str, MemoryNode] = {}


class MemoryBackend:
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
        head = next((n for n in found.nodes.values() if n.wanted.role is Role.HEAD and _runs(n)), None)
        nodes = tuple(_observed(node) for node in found.nodes.values())
        for node in found.nodes.values():
            if node.phase is Phase.STARTING and head is not None:
                node.phase = Phase.RUNNING
        return World(
            cluster=cluster,
            prepared=found.ready,
            removing=found.removing,
            wanted=found.wanted,
            nodes=nodes,
            gcs=head is not None,
        )

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
        return Endpoints("127.0.0.1:1", "http://127.0.0.1:1", "ray://127.0.0.1:1", "", {})

    def execute(self, cluster: str, command: Sequence[str], *, tty: bool) -> int:
        """Raises ActionFailed: there is no machine behind it."""
        raise ActionFailed(f"cluster {cluster!r} exists in memory only, nothing can run in it")

    def kill(self, cluster: str, node: str) -> None:
        """End a node from outside, as a crash or a person would."""
        self._clusters[cluster].nodes[node].phase = Phase.DEAD

    def _apply(self, cluster: str, action: Action) -> None:
        match action:
            case PrepareCluster():
                found = self._clusters.setdefault(cluster, MemoryCluster(action.cluster))
                self.checkpoint("intended", describe(action))
                found.ready = True
            case RecordSpec():
                self._clusters[cluster].wanted = action.cluster
            case StartNode():
                self._start(self._clusters[cluster], action)
            case StopNode():
                self._stop(self._clusters[cluster], action)
            case RemoveCluster():
                self._clusters[cluster].removing = True
                self.checkpoint("intended", describe(action))
                del self._clusters[cluster]
        self.checkpoint("recorded", describe(action))

    def _start(self, cluster: MemoryCluster, action: StartNode) -> None:
        node = MemoryNode(action.node, Phase.DEAD)
        cluster.nodes[action.node.name] = node
        self.checkpoint("intended", describe(action))
        node.phase = Phase.STARTING
        self.created.append(action.node.name)
        self.checkpoint("done", describe(action))

    def _stop(self, cluster: MemoryCluster, action: StopNode) -> None:
        node = cluster.nodes.get(action.node)
        if node is None:
            return
        lives = _runs(node)
        node.phase = Phase.STOPPING if lives else node.phase
        self.checkpoint("intended", describe(action))
        if lives:
            self.deleted.append(action.node)
        node.phase = Phase.DEAD
        self.checkpoint("done", describe(action))
        del cluster.nodes[action.node]


def _runs(node: MemoryNode) -> bool:
    return node.phase in (Phase.STARTING, Phase.RUNNING, Phase.STOPPING)


def _observed(node: MemoryNode) -> ObservedNode:
    return ObservedNode(
        name=node.wanted.name,
        role=node.wanted.role,
        group=node.wanted.group,
        fingerprint=node.wanted.fingerprint,
        phase=node.phase,
        ray_id=node.wanted.name if node.phase is Phase.RUNNING else "",
    )
