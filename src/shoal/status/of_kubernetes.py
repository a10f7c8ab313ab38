"""A RayCluster and its pods, as someone outside of the operator sees them -> what people are told."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from shoal.spec.wire import Wire
from shoal.status.conditions import ClusterStatus, NodeStatus, State
from shoal.world.blockers import why_not_running
from shoal.world.from_kubernetes import is_ready
from shoal.world.kubernetes import GROUP, NODE_TYPE, Pod, Resource
from shoal.world.snapshot import Phase

UNHEARD = ("RayNotAsked", "GcsUnreachable")
"""Reasons of the condition Ready while Ray says nothing of any node."""
UNSEEN = "RayDoesNotSeeIt"
"""Its reason while Ray answers, and doesn't name the node of which the message tells."""


class Condition(Wire, frozen=True):
    type: str
    status: str
    reason: str = ""
    message: str = ""
    observed_generation: int = 0


class Told(Wire, frozen=True):
    """The part of a RayCluster's status that says how it is. KubeRay writes it too, all but the condition Ready."""

    state: str = ""
    reason: str = ""
    conditions: tuple[Condition, ...] = ()
    observed_generation: int = 0
    desired_worker_replicas: int = 0

    def condition(self, kind: str) -> Condition | None:
        """The one called ``kind``."""
        return next((known for known in self.conditions if known.type == kind), None)

    def holds(self, kind: str) -> bool:
        """Whether the condition ``kind`` is True."""
        found = self.condition(kind)
        return found is not None and found.status == "True"


class _Suspension(Wire, frozen=True):
    suspend: bool = False
    idle_suspend: bool = False


def told(resource: Resource) -> Told:
    """What an operator has written. Nothing, if it makes no sense."""
    try:
        return msgspec.json.decode(resource.status, type=Told)
    except msgspec.DecodeError:
        return Told()


def acted_on(resource: Resource) -> bool:
    """Whether an operator has written what it makes of the newest spec."""
    said = told(resource)
    return said != Told() and said.observed_generation >= resource.metadata.generation


def status_from(
    name: str, resource: Resource | None, pods: Sequence[Pod], resources: Mapping[str, dict[str, float]]
) -> ClusterStatus:
    """The status of a cluster whose operator is somewhere else. resources: of each pod, as Ray was told them."""
    said = told(resource) if resource else Told()
    current = resource is not None and acted_on(resource)
    ready = current and (said.holds("Ready") or (said.condition("Ready") is None and said.state == "ready"))
    why_not = said.condition("Ready") if current and not ready else None
    nodes = tuple(_node(pod, resources.get(pod.metadata.name, {}), why_not, seen=ready) for pod in pods)
    if resource is None:
        if not nodes:
            return ClusterStatus(name, State.ABSENT, "there is no such cluster")
        return ClusterStatus(name, State.REMOVING, f"its RayCluster is gone, {_count(nodes)} left", nodes)
    if resource.metadata.deletion_timestamp is not None:
        return ClusterStatus(name, State.REMOVING, f"its end was asked for; {_count(nodes)} left", nodes)
    state = State.READY if ready else _state(resource, said, nodes)
    message = _resumed_by(resource) if state is State.SUSPENDED else _message(state, said, nodes, current=current)
    return ClusterStatus(name, state, message, nodes)


def _suspension(resource: Resource) -> _Suspension:
    return msgspec.json.decode(resource.spec, type=_Suspension, strict=False)


def _resumed_by(resource: Resource) -> str:
    if not _suspension(resource).suspend:
        return "nobody used it for as long as its spec says; `idleSuspend: false` in its spec resumes it"
    return "the spec asks for no nodes; set `suspend: false` and run `shoal up` to resume"


def _state(resource: Resource, said: Told, nodes: Sequence[NodeStatus]) -> State:
    asked = _suspension(resource)
    suspended = asked.suspend or asked.idle_suspend
    if not nodes and suspended and (said.holds("RayClusterSuspended") or said.state == "suspended"):
        return State.SUSPENDED
    if not said.holds("RayClusterProvisioned"):
        return State.STARTING
    head = next((node for node in nodes if node.role == "head"), None)
    return State.DEGRADED if head is not None and head.phase == Phase.RUNNING else State.DOWN


def _message(state: State, said: Told, nodes: Sequence[NodeStatus], *, current: bool) -> str:
    wanted = max(len(nodes), said.desired_worker_replicas + 1)
    count = f"{sum(node.ready for node in nodes)}/{wanted} nodes ready"
    if state is State.READY:
        return count
    if not current:
        return "no operator has acted on its spec yet" if not nodes else f"{count}; its newest spec is not acted on yet"
    ready = said.condition("Ready")
    if ready is not None and ready.message:
        return ready.message
    blocking = next((node for node in nodes if not node.ready), None)
    if blocking is not None:
        return f"{count}; {blocking.name}: {blocking.message}"
    return f"{count}; {said.reason or 'more are to come'}"


def _node(pod: Pod, resources: dict[str, float], why_not: Condition | None, *, seen: bool) -> NodeStatus:
    phase, reason, message, step = _explanation(pod, seen=seen)
    ready = phase is Phase.RUNNING
    if ready and why_not is not None and _doubts(why_not, pod.metadata.name):
        ready, reason, message = False, why_not.reason, "its pod is ready, and Ray has not said that it sees it"
    return NodeStatus(
        name=pod.metadata.name,
        group=pod.metadata.labels.get(GROUP, ""),
        role=pod.metadata.labels[NODE_TYPE],
        ready=ready,
        phase=phase,
        reason=reason,
        message=message,
        next_step=step,
        resources=resources,
    )


def _doubts(why_not: Condition, name: str) -> bool:
    """Whether the operator says of a node whose pod is ready that Ray doesn't see it. why_not: the condition Ready."""
    return why_not.reason in UNHEARD or (why_not.reason == UNSEEN and f" {name}: " in f" {why_not.message}")


def _explanation(pod: Pod, *, seen: bool) -> tuple[Phase, str, str, str]:
    if pod.status.phase in ("Failed", "Succeeded"):
        why = why_not_running(pod)
        return Phase.DEAD, why.reason, why.message, why.next_step
    if pod.metadata.deletion_timestamp is not None:
        return Phase.STOPPING, "Stopping", "it is being stopped", ""
    if is_ready(pod):
        reason, message = ("RayAlive", "Ray sees it") if seen else ("PodReady", "its pod is ready")
        return Phase.RUNNING, reason, message, ""
    why = why_not_running(pod)
    return Phase.STARTING, why.reason, why.message, why.next_step


def _count(nodes: Iterable[NodeStatus]) -> str:
    number = len(list(nodes))
    return f"{number} pod{'s' * (number != 1)}"
