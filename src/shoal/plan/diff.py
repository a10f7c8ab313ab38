"""diff(desired, world) -> Plan: the one place that decides what is done, and why."""

from collections.abc import Iterable

from shoal.desired.cluster import DesiredCluster, DesiredNode, Role
from shoal.plan.actions import (
    Action,
    Plan,
    PrepareCluster,
    Reason,
    RecordSpec,
    RemoveCluster,
    Stage,
    StartNode,
    StopNode,
)
from shoal.world.snapshot import ObservedNode, Phase, World


def diff(desired: DesiredCluster | None, world: World) -> Plan:
    """The actions that take ``world`` to ``desired``; None means that the cluster shall be gone."""
    if desired is None:
        return _plan(world, *_removal(world, Reason("ClusterDeleted", "the cluster is to be gone")))
    if world.removing:
        leftovers = _removal(world, Reason("RemovalUnfinished", "an earlier removal was cut off"))
        return _plan(world, *leftovers, *_creation(desired))
    if not world.prepared:
        strays = tuple(StopNode(n.name, Reason("ClusterNotPrepared", "its cluster is not set up")) for n in world.nodes)
        return _plan(world, strays, *_creation(desired))
    return _plan(world, *_change(desired, world))


def _plan(world: World, *stages: Stage) -> Plan:
    return Plan(world.cluster, tuple(stage for stage in stages if stage))


def _removal(world: World, reason: Reason) -> tuple[Stage, ...]:
    if world.absent:
        return ()
    stops = tuple(StopNode(node.name, reason) for node in world.nodes)
    return stops, (RemoveCluster(world.cluster, reason),)


def _creation(desired: DesiredCluster) -> tuple[Stage, ...]:
    prepare = PrepareCluster(desired, Reason("ClusterMissing", f"no cluster {desired.name!r} exists"))
    return (prepare,), _starts(desired.nodes, Reason("NodeMissing", "the spec asks for it and it does not exist"))


def _change(desired: DesiredCluster, world: World) -> tuple[Stage, ...]:
    stops = _stops(desired, world)
    stopped = {stop.node for stop in stops}
    record: Stage = ()
    if world.wanted != desired:
        record = (RecordSpec(desired, Reason("SpecChanged", "the spec differs from the one applied last")),)
    starts = tuple(
        start for node in desired.nodes for start in _start(node, world.node(node.name), restarted=node.name in stopped)
    )
    return record, stops, starts


def _stops(desired: DesiredCluster, world: World) -> tuple[StopNode, ...]:
    """Nodes to end: not wanted, changed, or dead; and with the head, every node, as they cannot outlive its GCS."""
    wanted = {node.name: node for node in desired.nodes}
    head_reason = _head_reason(desired.head, world)
    stops = []
    for node in world.nodes:
        reason = _stop_reason(wanted.get(node.name), node)
        if reason is None and head_reason is not None and node.role is Role.WORKER:
            reason = Reason("HeadRestarted", f"workers cannot outlive the head's GCS: {head_reason.message}")
        if reason is not None:
            stops.append(StopNode(node.name, reason))
    return tuple(stops)


def _head_reason(wanted: DesiredNode | None, world: World) -> Reason | None:
    """Why the head does not go on running, None if it does."""
    if wanted is None:
        return Reason("NodeNotWanted", "the cluster is suspended")
    head = world.node(wanted.name)
    return _stop_reason(wanted, head) if head else Reason("HeadMissing", "the head does not exist")


def _stop_reason(wanted: DesiredNode | None, node: ObservedNode) -> Reason | None:
    if wanted is None:
        return Reason("NodeNotWanted", "the spec does not ask for it")
    if node.phase is Phase.DEAD:
        return Reason("NodeDied", node.detail or "its processes have ended")
    if node.phase is Phase.STOPPING:
        return Reason("StopUnfinished", "an earlier stop was cut off")
    if node.fingerprint != wanted.fingerprint:
        return Reason("NodeChanged", "its settings in the spec differ from those it was started with")
    return None


def _start(node: DesiredNode, observed: ObservedNode | None, *, restarted: bool) -> Iterable[Action]:
    if observed is None:
        yield StartNode(node, Reason("NodeMissing", "the spec asks for it and it does not exist"))
    elif restarted:
        yield StartNode(node, Reason("NodeReplaced", "it takes the place of the one that is stopped"))


def _starts(nodes: Iterable[DesiredNode], reason: Reason) -> Stage:
    return tuple(StartNode(node, reason) for node in nodes)
