"""(desired, world) -> what people are told. Ready only when Ray itself sees every node; for the rest, why not."""

from enum import StrEnum

import msgspec

from shoal.desired.cluster import DesiredCluster, DesiredNode, Role
from shoal.plan.stops import FILLED_ANEW, outdated
from shoal.world.snapshot import ObservedNode, Phase, World

NOT_REPLACED = "HeadNotReplaced"
"""Why a head is missing where the cluster wants only one."""


class State(StrEnum):
    """A cluster in one word."""

    READY = "Ready"
    STARTING = "Starting"
    DEGRADED = "Degraded"  # it serves, and some of what the spec asks for is not there
    DOWN = "Down"  # it exists and its head does not run
    SUSPENDED = "Suspended"  # its spec asks for no nodes now
    REMOVING = "Removing"
    ABSENT = "Absent"


class NodeStatus(msgspec.Struct, frozen=True):
    """One node for people.

    reason: CamelCase and stable; message: a sentence; next_step: imperative, or "".
    resources: totals that Ray reports (CPU: cores, memory: bytes).
    """

    name: str
    group: str
    role: str
    ready: bool
    phase: str
    reason: str
    message: str = ""
    next_step: str = ""
    pid: int = 0
    resources: dict[str, float] = {}


class ClusterStatus(msgspec.Struct, frozen=True):
    """One cluster for people; ``message`` names what blocks it, or says how many nodes are ready."""

    name: str
    state: State
    message: str
    nodes: tuple[NodeStatus, ...] = ()

    @property
    def ready(self) -> bool:
        """Ray's GCS says ALIVE of every node that the spec asks for."""
        return self.state is State.READY

    @property
    def ready_nodes(self) -> int:
        """How many nodes are ready."""
        return sum(node.ready for node in self.nodes)


def status_of(desired: DesiredCluster | None, world: World) -> ClusterStatus:
    """The status of a cluster against what is wanted of it (the spec applied last, when that is all one has)."""
    if world.absent:
        return ClusterStatus(world.cluster, State.ABSENT, "there is no such cluster")
    wanted = desired.nodes if desired else ()
    names = {node.name for node in wanted}
    tended = desired is not None and desired.lifecycle.tended
    present = {node.name: node for node in world.nodes}
    nodes = tuple(_node(node, present.get(node.name), world, tended=tended) for node in wanted) + tuple(
        _unwanted(node, tended=tended) for node in world.nodes if node.name not in names
    )
    # What an operator is about to end takes nothing from what is wanted.
    needed = tuple(node for node in nodes if node.reason != "NodeNotWanted") if tended else nodes
    suspended = desired is not None and not desired.nodes and not nodes
    state = State.SUSPENDED if suspended else _state(nodes, needed, world, tended=tended)
    return ClusterStatus(world.cluster, state, _message(state, needed, world.cluster), nodes)


def _node(wanted: DesiredNode, observed: ObservedNode | None, world: World, *, tended: bool) -> NodeStatus:
    logs = f"`shoal logs {world.cluster} --node {wanted.name}`"
    up_again = f"see {logs}" if tended else f"run `shoal up` with its file again to start it, or {logs}"
    if observed is None:
        ready, phase, reason, message, step = False, "Missing", "NodeMissing", "it is not there", up_again
        if tended:
            message, step = "it is not there yet", ""
        if wanted.role is Role.HEAD and world.had_its_head:
            reason, message = NOT_REPLACED, "it is gone, and its cluster wants no other"
            step = "take the annotation off that says so, and it gets another; or delete the cluster"
        return NodeStatus(wanted.name, wanted.group, wanted.role, ready, phase, reason, message, step)
    reason, message, step = _explanation(observed, world, up_again, tended=tended)
    if observed.phase is Phase.STOPPING and (secret := outdated(world, wanted, observed)):
        reason, message = FILLED_ANEW, f"it goes, as {secret} was lost and is filled anew; a new one takes its place"
    return NodeStatus(
        name=wanted.name,
        group=wanted.group,
        role=wanted.role,
        ready=observed.phase is Phase.RUNNING,
        phase=observed.phase,
        reason=reason,
        message=message,
        next_step=step,
        pid=observed.pid,
        resources=observed.resources,
    )


def _explanation(node: ObservedNode, world: World, up_again: str, *, tended: bool) -> tuple[str, str, str]:
    """(reason, message, next step) of a node that exists."""
    match node.phase:
        case Phase.RUNNING:
            return "RayAlive", "Ray sees it", ""
        case Phase.STARTING:
            silent = node.detail or ("Ray does not see it yet" if world.gcs else "the head's GCS does not answer yet")
            return node.reason or "WaitingForRay", silent, node.next_step
        case Phase.STOPPING:
            step = f"if no `shoal` is at work on it, run `shoal down {world.cluster}`, or `shoal up` with its file"
            return "Stopping", "it is being stopped", "" if tended else step
        case Phase.DEAD:
            return node.reason or "NodeDied", node.detail or "its processes have ended", node.next_step or up_again


def _unwanted(node: ObservedNode, *, tended: bool) -> NodeStatus:
    return NodeStatus(
        name=node.name,
        group=node.group,
        role=node.role,
        ready=False,
        phase=node.phase,
        reason="NodeNotWanted",
        message="the spec does not ask for it",
        next_step="" if tended else "run `shoal up` with its file again to stop it",
        pid=node.pid,
        resources=node.resources,
    )


def _state(nodes: tuple[NodeStatus, ...], needed: tuple[NodeStatus, ...], world: World, *, tended: bool) -> State:
    if world.removing:
        return State.REMOVING
    if needed and all(node.ready for node in needed):
        return State.READY
    head = next((node for node in nodes if node.role == "head"), None)
    if head is None or head.phase in (Phase.DEAD, Phase.STOPPING) or head.reason in ("NodeMissing", NOT_REPLACED):
        return State.STARTING if tended and not world.nodes else State.DOWN
    if any(node.phase == Phase.DEAD or node.reason in ("NodeMissing", "NodeNotWanted") for node in needed):
        return State.DEGRADED
    return State.STARTING


def _message(state: State, nodes: tuple[NodeStatus, ...], cluster: str) -> str:
    ready = f"{sum(node.ready for node in nodes)}/{len(nodes)} nodes ready"
    if state is State.SUSPENDED:
        return "the spec asks for no nodes; set `suspend: false` and run `shoal up` to resume"
    if state is State.REMOVING:
        return f"a removal was begun; `shoal down {cluster}` finishes it"
    if not nodes:
        return f"its set-up was cut off; run `shoal up` with its file again, or `shoal down {cluster}`"
    blocking = next((node for node in nodes if not node.ready), None)
    return ready if blocking is None else f"{ready}; {blocking.name}: {blocking.message}"
