"""Which nodes are to end, and why."""

from collections import Counter
from collections.abc import Iterable, Iterator

from shoal.desired.cluster import DesiredCluster, DesiredNode, Lifecycle, Role
from shoal.plan.actions import Reason, StopNode
from shoal.plan.left_behind import left_behind
from shoal.world.snapshot import ObservedNode, Phase, World

ROLLED_AT_ONCE = 0.25
"""Share of a worker group that a rolling change replaces at the same time; one node at least."""

FILLED_ANEW = "SecretFilledAnew"
"""Why a node goes that its cluster no longer lets in, whatever its spec says of changes."""


def stops(desired: DesiredCluster, world: World) -> tuple[StopNode, ...]:
    """Nodes to end: not wanted, changed, or dead; and with the head every worker that cannot outlive its GCS."""
    wanted = {node.name: node for node in desired.nodes}
    rolled = _rolled(desired, world, wanted) if desired.lifecycle.on_change == "roll" else {}
    behind = left_behind(desired, world)
    head_reason = None if desired.lifecycle.workers_outlive_head else _head_reason(desired, world)
    found = []
    for node in world.nodes:
        reason = _stop_reason(desired, world, wanted.get(node.name), node)
        reason = reason or behind.get(node.name) or rolled.get(node.name)
        if reason is None and head_reason is not None and node.role is Role.WORKER:
            reason = Reason("HeadRestarted", f"workers cannot outlive the head's GCS: {head_reason.message}")
        if reason is not None:
            found.append(StopNode(node.name, reason))
    return tuple(found)


def _head_reason(desired: DesiredCluster, world: World) -> Reason | None:
    """Why the head does not go on running, None if it does."""
    if desired.head is None:
        return Reason("NodeNotWanted", "the cluster is suspended")
    head = world.node(desired.head.name)
    return (
        _stop_reason(desired, world, desired.head, head) if head else Reason("HeadMissing", "the head does not exist")
    )


def _stop_reason(
    desired: DesiredCluster, world: World, wanted: DesiredNode | None, node: ObservedNode
) -> Reason | None:
    tended = desired.lifecycle.tended
    if tended and (node.phase is Phase.STOPPING or node.ends):
        return None
    if node.phase is Phase.DEAD and (wanted is not None or tended):
        return Reason("NodeDied", node.detail or "its processes have ended")
    key = outdated(world, wanted, node)
    if key and key not in world.doubted:  # else it is looked for first
        return Reason(FILLED_ANEW, f"{key} was lost and is filled anew, and this node has what was in it before")
    if wanted is None:
        return None if is_autoscalers(desired, world, node) else _unwanted(desired, node)
    if node.phase is Phase.STOPPING:
        return Reason("StopUnfinished", "an earlier stop was cut off")
    if _restarts(desired.lifecycle, wanted, node):
        return Reason("NodeChanged", "its settings in the spec differ from those it was started with")
    return None


def outdated(world: World, wanted: DesiredNode | None, node: ObservedNode) -> str:
    """The object that was filled anew since ``node`` took over what was in it; "" for none.

    A node that says nothing of an object, as it was made by somebody else, has what was in it before if it is the
    older, and made from what is still wanted.
    """
    for key, now in world.filled.items():
        is_older = wanted is not None and node.fingerprint == wanted.fingerprint and node.created < now.since
        if node.filled[key] != now.contents if key in node.filled else is_older:
            return key
    return ""


def is_autoscalers(desired: DesiredCluster, world: World, node: ObservedNode) -> bool:
    """Whether a node beyond what its group asks for goes on until Ray's autoscaler names it: of a whole replica."""
    if node.group not in desired.lifecycle.autoscaled or not desired.nodes:
        return False
    mates = [mate for mate in world.nodes if mate.unit == node.unit] if node.unit else [node]
    return (not node.unit or len(mates) == _hosts(desired, node.group, len(mates))) and all(
        mate.phase in (Phase.STARTING, Phase.RUNNING) and mate.drain is None and mate.name not in desired.departing
        for mate in mates
    )


def _hosts(desired: DesiredCluster, group: str, otherwise: int) -> int:
    """How many nodes a replica of a group is asked to have."""
    units = Counter(node.unit or node.name for node in desired.nodes if node.group == group)
    return max(units.values(), default=otherwise)


def _unwanted(desired: DesiredCluster, node: ObservedNode) -> Reason:
    if desired.lifecycle.tended and not desired.nodes:
        return Reason("Suspended", "the cluster is suspended")
    if node.name in desired.departing:
        return Reason("NodeNamed", "workersToDelete names it")
    return Reason("NodeNotWanted", "the spec does not ask for it")


def _restarts(lifecycle: Lifecycle, wanted: DesiredNode, node: ObservedNode) -> bool:
    if not node.adopted:
        return False
    match lifecycle.on_change:
        case "restart":
            return node.fingerprint != wanted.fingerprint
        case "recreate":
            return node.edition != wanted.edition
        case "keep" | "roll":
            return False


def _rolled(desired: DesiredCluster, world: World, wanted: dict[str, DesiredNode]) -> dict[str, Reason]:
    """The nodes whose turn it is: a changed head alone, else part of the first worker group that has changed nodes.

    Nothing goes while anything of the cluster is missing or not ready.
    """
    changed = [
        node
        for node in world.nodes
        if node.name in wanted and node.adopted and node.fingerprint != wanted[node.name].fingerprint
    ]
    started = [node for node in world.nodes if node.name in wanted and node.phase is Phase.RUNNING]
    unready_old = [node for node in changed if node.phase in (Phase.STARTING, Phase.DEAD)]
    if len(started) + len(unready_old) < len(wanted):
        return {}
    head = [node for node in changed if node.role is Role.HEAD]
    turn = head or list(_next_batch(desired, changed, wanted))
    reason = Reason("NodeRolled", "its settings in the spec differ from those it was started with, and it is its turn")
    return {node.name: reason for node in turn}


def _next_batch(
    desired: DesiredCluster, changed: Iterable[ObservedNode], wanted: dict[str, DesiredNode]
) -> Iterator[ObservedNode]:
    waiting = {node.name: node for node in changed}
    group = next((node.group for node in desired.nodes if node.name in waiting), None)
    mates = [node for node in desired.nodes if node.group == group]
    units = list(dict.fromkeys(wanted[node.name].unit or node.name for node in mates if node.name in waiting))
    whole = len({node.unit or node.name for node in mates})
    batch = set(units[: max(1, int(whole * ROLLED_AT_ONCE))])
    yield from (waiting[node.name] for node in mates if node.name in waiting and (node.unit or node.name) in batch)
