"""The variables of the containers that KubeRay's users rely on, in its order."""

from collections.abc import Iterable, Sequence
from typing import Any

from shoal.desired.kubernetes import fault_tolerance
from shoal.desired.kubernetes.group import PodGroup
from shoal.desired.kubernetes.labels import CLUSTER, FROM_KIND, GROUP
from shoal.spec.ray_start import NO_FORK_HANDLERS

Variable = dict[str, Any]

IMPOSED = frozenset(
    (
        "FQ_RAY_IP",
        "KUBERAY_GEN_RAY_START_CMD",
        "RAY_CLOUD_INSTANCE_ID",
        "RAY_CLUSTER_NAME",
        "RAY_CLUSTER_NAMESPACE",
        "RAY_IP",
        "RAY_NODE_TYPE_NAME",
        "RAY_REDIS_ADDRESS",
        "RAY_enable_autoscaler_v2",
        "REDIS_PASSWORD",
        "REDIS_USERNAME",
    )
)
"""Where ours are set, a manifest's own of that name have no effect; elsewhere it is the manifest's that stay."""
FOR_SERVING = {
    "RAY_timeout_ms_task_wait_for_death_info": "0",
    "RAY_gcs_server_request_timeout_seconds": "5",
    "RAY_SERVE_KV_TIMEOUT_S": "5",
}
"""For a RayService: notice sooner that a head or a replica is gone."""


def merged(given: Iterable[Variable], more: Sequence[Variable]) -> list[Variable]:
    """The variables of a container with ours behind them, no name twice."""
    imposed = {variable["name"] for variable in more} & IMPOSED
    kept = [variable for variable in given if variable["name"] not in imposed]
    taken = {variable["name"] for variable in kept}
    return kept + [variable for variable in more if variable["name"] not in taken]


def head_address(group: PodGroup) -> list[Variable]:
    """Where the head is; the second one is an old name for its first label."""
    domain = group.head_domain
    return [{"name": "FQ_RAY_IP", "value": domain}, {"name": "RAY_IP", "value": domain.partition(".")[0]}]


def from_pod(name: str, path: str) -> Variable:
    """A variable whose value is a field of the pod."""
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def identity() -> list[Variable]:
    """Which cluster the pod belongs to."""
    return [
        from_pod("RAY_CLUSTER_NAME", f"metadata.labels['{CLUSTER}']"),
        from_pod("RAY_CLUSTER_NAMESPACE", "metadata.namespace"),
    ]


def ray_variables(
    group: PodGroup, generated: str, further: Sequence[Variable], fault_options: dict[str, Any] | None
) -> list[Variable]:
    """Those of the Ray container. generated: its ``ray start``; further: more of ours; fault_options: plain JSON."""
    address = f"127.0.0.1:{group.gcs_port}" if group.is_head else f"{group.head_domain}:{group.gcs_port}"
    more = [
        *_autoscaler(group),
        *fault_tolerance.variables(group, fault_options),
        *further,
        *(() if group.is_head else head_address(group)),
        *identity(),
        from_pod("RAY_CLOUD_INSTANCE_ID", "metadata.name"),
        from_pod("RAY_NODE_TYPE_NAME", f"metadata.labels['{GROUP}']"),
        plain("KUBERAY_GEN_RAY_START_CMD", generated),
        plain("RAY_PORT", group.gcs_port),
        *(plain(name, value) for name, value in (FOR_SERVING.items() if group.serves else ())),
        plain("RAY_ADDRESS", address),
        plain("RAY_USAGE_STATS_KUBERAY_IN_USE", "1"),
        *((plain("RAY_USAGE_STATS_EXTRA_TAGS", f"kuberay_crd={_kind(group)}"),) if group.is_head else ()),
        plain("RAY_DASHBOARD_ENABLE_K8S_DISK_USAGE", "1"),
        *(plain(name, value) for name, value in (NO_FORK_HANDLERS.items() if group.is_head else ())),
    ]
    return merged(group.raw_ray.get("env") or (), more)


def _autoscaler(group: PodGroup) -> list[Variable]:
    spec = group.cluster.spec
    version = spec.autoscaler_options.version if spec.autoscaler_options else None
    if not group.is_head or not spec.enable_in_tree_autoscaling or version is None:
        return []
    return [plain("RAY_enable_autoscaler_v2", "true" if version == "v2" else "false")]


def _kind(group: PodGroup) -> str:
    """What the cluster is made for, as Ray counts it."""
    return group.cluster.metadata.labels.get(FROM_KIND, "RayCluster")


def plain(name: str, value: str) -> Variable:
    """A variable whose value is said."""
    return {"name": name, "value": value}
