"""The status of a RayCluster in KubeRay's words, with what they leave out: Ready, and why not."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from shoal.desired.cluster import DesiredCluster, Role
from shoal.desired.from_raycluster import replicas_of
from shoal.desired.kubernetes.totals import totals
from shoal.spec.raycluster import RayCluster
from shoal.status.conditions import ClusterStatus, State
from shoal.status.kubernetes_conditions import conditions, stored
from shoal.world.kubernetes import Observed, Pod
from shoal.world.snapshot import Phase, World

Manifest: TypeAlias = Mapping[str, Any]
READY, SUSPENDED = "ready", "suspended"


def asked_for(cluster: RayCluster) -> dict[str, Any]:
    """Of a RayCluster's status what follows from its spec alone: replicas, and resources of all pods together."""
    groups = [group for group in cluster.spec.worker_group_specs if not group.suspend]
    most = 2**31 - 1
    counts = {
        "desiredWorkerReplicas": sum(
            replicas_of(group) * group.num_of_hosts for group in cluster.spec.worker_group_specs
        ),
        "minWorkerReplicas": sum(group.min_replicas * group.num_of_hosts for group in groups),
        "maxWorkerReplicas": min(most, sum(group.max_replicas * group.num_of_hosts for group in groups)),
    }
    return _without_zeroes(counts) | totals(cluster)


def raycluster_status(
    asked: Mapping[str, Any],
    desired: DesiredCluster,
    observed: Observed,
    world: World,
    status: ClusterStatus,
    before: Mapping[str, Any],
    now: str,
) -> dict[str, Any]:
    """The whole status of a RayCluster as plain JSON; equal to ``before`` when nothing has changed.

    asked: what ``asked_for`` says of its spec. before: the stored status. now: RFC 3339.
    """
    state = kuberay_state(desired, world)
    service = _head_service(desired)
    fields: dict[str, Any] = {
        **({"state": state} if state else {}),
        **asked,
        **_counted(world),
        "conditions": conditions(desired, observed, world, status, before.get("conditions", ()), now),
        "endpoints": _endpoints(service, observed),
        "head": _head(service, observed, desired),
        "observedGeneration": observed.resource.metadata.generation,
        "reason": observed.failure.message if observed.failure else "",
    }
    times = dict(before.get("stateTransitionTimes", {}))
    if state and before.get("state") != state:
        times[state] = now
    fields["stateTransitionTimes"] = times
    fields = {name: value for name, value in fields.items() if value not in ("", {}, [])}
    unchanged = fields == {name: value for name, value in before.items() if name != "lastUpdateTime"}
    return dict(before) if unchanged else {**fields, "lastUpdateTime": now}


def rejected_status(
    observed: Observed, reason: str, message: str, before: Mapping[str, Any], now: str
) -> dict[str, Any]:
    """The status of a RayCluster whose spec makes no sense: what runs stays, and what was said of it too."""
    said = [condition for condition in before.get("conditions", ()) if condition["type"] != "Ready"]
    old = stored(before, "Ready")
    new = {"type": "Ready", "status": "False", "reason": reason, "message": message}
    same = all(old.get(key) == value for key, value in new.items())
    new["lastTransitionTime"] = old["lastTransitionTime"] if old.get("status") == "False" else now
    generation = observed.resource.metadata.generation
    if same and before.get("observedGeneration") == generation:
        return dict(before)
    ready = {**new, "observedGeneration": generation}
    return {
        **before,
        "conditions": [*said, ready],
        "observedGeneration": generation,
        "reason": message,
        "lastUpdateTime": now,
    }


def kuberay_state(desired: DesiredCluster, world: World) -> str:
    """``ready`` when every pod is, whatever Ray says of it; ``suspended``; else ""."""
    if not desired.nodes:
        return "" if world.nodes else SUSPENDED
    ready = {node.name for node in world.nodes if node.ready}
    return READY if all(node.name in ready for node in desired.nodes) else ""


def is_settled(status: ClusterStatus, state: str) -> bool:
    """Whether there is nothing to wait for: all is ready, or suspended."""
    return status.state in (State.READY, State.SUSPENDED) or state in (READY, SUSPENDED)


def _counted(world: World) -> dict[str, int]:
    workers = [node for node in world.nodes if node.role is Role.WORKER and node.phase is not Phase.STOPPING]
    counts = {
        "availableWorkerReplicas": sum(node.placed and node.phase is not Phase.DEAD for node in workers),
        "readyWorkerReplicas": sum(node.ready for node in workers),
    }
    return _without_zeroes(counts)


def _without_zeroes(counts: dict[str, int]) -> dict[str, int]:
    """KubeRay leaves them out."""
    return {name: count for name, count in counts.items() if count}


def _head_pod(observed: Observed, desired: DesiredCluster) -> Pod | None:
    name = desired.head.name if desired.head else ""
    return next((pod for pod in observed.pods if pod.metadata.name == name), None)


def _head_service(desired: DesiredCluster) -> Manifest:
    """The Service of the head; empty where there is none."""
    services = (shared.body for shared in desired.objects if shared.kind == "Service")
    return next((body for body in services if body["metadata"]["labels"].get("ray.io/node-type") == "head"), {})


def _head(wanted: Manifest, observed: Observed, desired: DesiredCluster) -> dict[str, str]:
    pod = _head_pod(observed, desired)
    name = wanted["metadata"]["name"] if wanted else ""
    service = observed.shared.get(f"Service/{name}")
    pod_ip = pod.status.pod_ip if pod else ""
    address = service.spec.cluster_ip if service else ""
    found = {
        "podIP": pod_ip,
        "podName": pod.metadata.name if pod else "",
        "serviceIP": pod_ip if address == "None" else address,
        "serviceName": name if service else "",
    }
    return {key: value for key, value in found.items() if value}


def _endpoints(wanted: Manifest, observed: Observed) -> dict[str, str]:
    """Ports of the head service by name, once it exists."""
    if not wanted or f"Service/{wanted['metadata']['name']}" not in observed.shared:
        return {}
    return {port["name"]: str(port["port"]) for port in wanted["spec"].get("ports", ()) if "name" in port}
