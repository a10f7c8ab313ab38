"""A RayCluster's conditions: KubeRay's five, and Ready."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from shoal.desired.cluster import DesiredCluster
from shoal.status.conditions import ClusterStatus, NodeStatus, State
from shoal.world.blockers import NOT_PREPARED
from shoal.world.kubernetes import Failure, Observed
from shoal.world.snapshot import ObservedNode, Phase, World

PROVISIONED = "RayClusterProvisioned"


class Said(msgspec.Struct, frozen=True):
    """One condition, without its times."""

    type: str
    status: str
    reason: str
    message: str = ""


def conditions(
    desired: DesiredCluster,
    observed: Observed,
    world: World,
    status: ClusterStatus,
    before: Iterable[Mapping[str, Any]],
    now: str,
) -> list[dict[str, Any]]:
    """What is said now, each with the time since which its status is what it is."""
    old = {condition["type"]: condition for condition in before}
    said = [_head_ready(desired, world), _provisioned(desired, world, old), _ready(status, observed.failure)]
    said += _suspension(desired, world, old)
    if observed.failure:
        said.append(Said("ReplicaFailure", "True", observed.failure.reason, observed.failure.message))
    generation = observed.resource.metadata.generation
    return [_dated(condition, old.get(condition.type, {}), generation, now) for condition in said]


def blocking(status: ClusterStatus) -> NodeStatus | None:
    """The first node that is not ready, the head before all others; None if all are."""
    return next((node for node in status.nodes if not node.ready), None)


def stored(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The condition of a type as a RayCluster's status has it; empty where it has none."""
    return next((said for said in status.get("conditions", ()) if said.get("type") == kind), {})


def _dated(said: Said, old: Mapping[str, Any], generation: int, now: str) -> dict[str, Any]:
    since = old["lastTransitionTime"] if old.get("status") == said.status else now
    return {**msgspec.to_builtins(said), "lastTransitionTime": since, "observedGeneration": generation}


def _head(desired: DesiredCluster, world: World) -> ObservedNode | None:
    return world.node(desired.head.name) if desired.head else None


def _head_ready(desired: DesiredCluster, world: World) -> Said:
    head = _head(desired, world)
    if head is None:
        return Said("HeadPodReady", "False", "HeadPodNotFound", "the head pod does not exist")
    if head.ready:
        return Said("HeadPodReady", "True", "HeadPodRunningAndReady")
    reason = head.reason if head.reason not in ("", NOT_PREPARED) else "ContainersNotReady"  # KubeRay's word
    return Said("HeadPodReady", "False", reason, head.detail)


def _provisioned(desired: DesiredCluster, world: World, old: Mapping[str, Mapping[str, Any]]) -> Said:
    """Sticky: once every pod was ready at the same time it stays, until the cluster is suspended."""
    reached, provisioning = "AllPodRunningAndReadyFirstTime", "RayClusterPodsProvisioning"
    ready = {node.name for node in world.nodes if node.ready}
    complete = bool(desired.nodes) and all(node.name in ready for node in desired.nodes)
    if complete or (desired.nodes and old.get(PROVISIONED, {}).get("status") == "True"):
        return Said(PROVISIONED, "True", reached, "all Ray pods were ready at the same time")
    if not desired.nodes:
        return Said(PROVISIONED, "False", provisioning, "the cluster is suspended")
    return Said(PROVISIONED, "False", provisioning, "not all Ray pods were ready yet")


def _ready(status: ClusterStatus, failure: Failure | None) -> Said:
    """Whether Ray's GCS calls every node alive; else the node that blocks, its reason, and the next step.

    failure: why a node that is not there could not be made.
    """
    if status.ready:
        return Said("Ready", "True", "RayAlive", status.message)
    if status.state is State.SUSPENDED:
        why = "the cluster is suspended; it resumes once neither `suspend` nor `idleSuspend` is true"
        return Said("Ready", "False", "Suspended", why)
    node = blocking(status)
    if node is None:
        return Said("Ready", "False", str(status.state), status.message)
    if node.reason == "NodeMissing" and failure is not None:
        return Said(
            "Ready", "False", failure.reason, _joined(f"{status.message}: {failure.message}", failure.next_step)
        )
    return Said("Ready", "False", node.reason, _joined(status.message, node.next_step))


def _joined(message: str, next_step: str) -> str:
    return f"{message}; {next_step}" if next_step else message


def _suspension(desired: DesiredCluster, world: World, old: Mapping[str, Mapping[str, Any]]) -> Iterable[Said]:
    """Only of a cluster that is, or once was, suspended. KubeRay gives either type as its own reason, true or not.

    One that is resumed in between goes on being suspended until its old pods are gone.
    """
    suspended = not desired.nodes and not world.nodes
    if desired.nodes and "RayClusterSuspended" not in old and "RayClusterSuspending" not in old:
        return
    was_going = old.get("RayClusterSuspending", {}).get("status") == "True"
    leaving = was_going and any(node.phase is Phase.STOPPING for node in world.nodes)
    going = leaving if desired.nodes else bool(world.nodes)
    yield Said("RayClusterSuspending", str(going), "RayClusterSuspending")
    yield Said("RayClusterSuspended", str(suspended), "RayClusterSuspended")
