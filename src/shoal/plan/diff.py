"""diff(desired, world) -> Plan: the one place that decides what is done, and why."""

from collections.abc import Iterable

from shoal.desired.cluster import DesiredCluster, DesiredNode, DesiredObject, Role
from shoal.plan.actions import (
    Action,
    AdoptNode,
    ApplyObject,
    Plan,
    PrepareCluster,
    Reason,
    RecordSpec,
    RemoveCluster,
    RemoveObject,
    Stage,
    StartNode,
    StopNode,
)
from shoal.plan.ending import hold
from shoal.plan.farewell import farewells
from shoal.plan.idle import idles_out
from shoal.plan.pauses import paused
from shoal.plan.stops import outdated, stops
from shoal.world.blockers import NOT_PREPARED
from shoal.world.snapshot import ObservedNode, Phase, World

KEPT = ("PersistentVolumeClaim/", "Secret/")
"""Left while the cluster is there, wanted or not: data, and what an operator may make and not delete."""
WAITS_FOR_OBJECTS = ("ContainerConfig", NOT_PREPARED)
"""Why a node doesn't run that may lack a secret."""
LOST = "ObjectLost"
"""Why an object is made again that nodes have what was in."""


def diff(desired: DesiredCluster | None, world: World, now: float = 0) -> Plan:
    """The actions that take ``world`` to ``desired``; None means that the cluster shall be gone.

    now: seconds since 1970; only nodes that are drained before they go depend on it.
    """
    if desired is None:
        return _plan(world, *_removal(world, Reason("ClusterDeleted", "the cluster is to be gone")))
    if world.removing:
        leftovers = _removal(world, Reason("RemovalUnfinished", "an earlier removal was cut off"))
        return _plan(world, *leftovers, *_creation(desired))
    if not world.prepared:
        strays = tuple(StopNode(n.name, Reason("ClusterNotPrepared", "its cluster is not set up")) for n in world.nodes)
        return _plan(world, strays, *_creation(desired))
    return _plan(world, *_change(desired, world, now))


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


def _change(desired: DesiredCluster, world: World, now: float) -> tuple[Stage, ...]:
    ending = stops(desired, world)
    # Where an operator tends to it, the one in its place comes when it has gone.
    stopped = set() if desired.lifecycle.tended else {stop.node for stop in ending}
    record: Stage = ()
    if not desired.lifecycle.tended and world.wanted != desired:
        record = (RecordSpec(desired, Reason("SpecChanged", "the spec differs from the one applied last")),)
    present = {node.name: node for node in world.nodes}
    starts = tuple(
        start
        for node in desired.nodes
        for start in _start(node, present.get(node.name), restarted=node.name in stopped)
    )
    if not desired.lifecycle.tended:
        return record, ending, starts
    if ends := idles_out(desired, world):
        return (ends,)
    pausing = paused(world, now)
    waited_for = {pausing[_seat(start)] for start in starts if _seat(start) in pausing}
    if _head_is_leaving(world):
        starts = ()
    if world.had_its_head:
        starts = tuple(start for start in starts if not _is_of_head(start))
    starts = tuple(start for start in starts if _seat(start) not in pausing)
    ending = tuple(stop for stop in ending if stop.node not in waited_for)
    # A dead node is replaced before it is removed: who no longer sees it sees the one in its place.
    ends = farewells(desired, world, ending, now)
    objects = _objects(desired, world, starting=bool(starts))
    return hold(desired, world), objects, _adoptions(desired, world), *_head_first(starts), ends


def _objects(desired: DesiredCluster, world: World, *, starting: bool) -> Stage:
    wanted = {shared.key: shared for shared in desired.objects}
    needed = starting or _waits_for_objects(desired, world)
    applied = [
        ApplyObject(shared, reason)
        for shared in wanted.values()
        if (reason := _why_made(shared, world, needed) if shared.generated else _why_applied(shared, world))
    ]
    surplus = Reason("ObjectNotWanted", "the spec does not ask for it any more")
    removed = [
        RemoveObject(key, surplus)
        for key, digest in world.objects.items()
        if digest and key not in wanted and not key.startswith(KEPT)
    ]
    return (*applied, *removed)


def _why_applied(wanted: DesiredObject, world: World) -> Reason | None:
    applied = world.objects.get(wanted.key)
    if applied is None:
        return Reason("ObjectMissing", "the cluster needs it and it does not exist")
    if applied and applied != wanted.digest:
        return Reason("ObjectChanged", "it differs from what the spec asks for")
    return None


def _waits_for_objects(desired: DesiredCluster, world: World) -> bool:
    """Whether a node may lack a secret, or has what was in one before."""
    wanted = {node.name: node for node in desired.nodes}
    return any(node.reason in WAITS_FOR_OBJECTS or outdated(world, wanted.get(node.name), node) for node in world.nodes)


def _why_made(secret: DesiredObject, world: World, needed: bool) -> Reason | None:
    """Nobody may list secrets, so one is looked for when a node needs it: before one is made, and while one waits."""
    if secret.key in world.objects:
        doubted = needed and secret.key in world.doubted
        return Reason("ObjectDoubted", "nodes can't be made without it, and it may be gone") if doubted else None
    if secret.key in world.lost:
        return Reason(LOST, "it is gone, and the cluster needs it")
    if needed or not world.nodes:
        return Reason("ObjectMissing", "nodes can't be made without it, and it may not exist")
    return None


def _adoptions(desired: DesiredCluster, world: World) -> Stage:
    wanted = {node.name: node for node in desired.nodes}
    reason = Reason("NodeAdopted", "another operator made it; it goes on as it is")
    return tuple(
        AdoptNode(node.name, wanted[node.name].seat, wanted[node.name].template, wanted[node.name].edition, reason)
        for node in world.nodes
        if not node.adopted and node.phase in (Phase.STARTING, Phase.RUNNING) and node.name in wanted
    )


def _head_first(starts: Stage) -> tuple[Stage, Stage]:
    """Where room is short the head has to get it: workers without one can only wait."""
    heads = tuple(start for start in starts if _is_of_head(start))
    return heads, tuple(start for start in starts if start not in heads)


def _is_of_head(start: Action) -> bool:
    return isinstance(start, StartNode) and start.node.role is Role.HEAD


def _seat(start: Action) -> tuple[str, str]:
    """Group and seat number of a node that is to be started; of nothing else."""
    return (start.node.group, start.node.seat.partition(".")[0]) if isinstance(start, StartNode) else ("", "")


def _head_is_leaving(world: World) -> bool:
    return any(node.role == "head" and node.phase is Phase.STOPPING for node in world.nodes)


def _start(node: DesiredNode, observed: ObservedNode | None, *, restarted: bool) -> Iterable[Action]:
    if observed is None:
        yield StartNode(node, Reason("NodeMissing", "the spec asks for it and it does not exist"))
    elif restarted:
        yield StartNode(node, Reason("NodeReplaced", "it takes the place of the one that is stopped"))


def _starts(nodes: Iterable[DesiredNode], reason: Reason) -> Stage:
    return tuple(StartNode(node, reason) for node in nodes)
