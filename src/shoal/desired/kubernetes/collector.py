"""The container of KubeRay's history server beside Ray, where ``historyServerOptions`` asks for it.

Its image is the manifest's. What it is told, and where Ray sends its events to, is KubeRay's contract with that image.
"""

from collections.abc import Sequence
from typing import Any

from shoal.desired.kubernetes.access import Access
from shoal.desired.kubernetes.environment import from_pod, head_address, plain
from shoal.desired.kubernetes.group import PodGroup
from shoal.desired.kubernetes.labels import FROM_KIND, FROM_NAME
from shoal.desired.kubernetes.ports import dashboard_port
from shoal.spec.raycluster import RayCluster
from shoal.spec.reserved import COLLECTOR

EVENTS_PORT = "8084"
EVENTS = (
    "TASK_DEFINITION_EVENT,TASK_LIFECYCLE_EVENT,ACTOR_TASK_DEFINITION_EVENT,TASK_PROFILE_EVENT,"
    "DRIVER_JOB_DEFINITION_EVENT,DRIVER_JOB_LIFECYCLE_EVENT,ACTOR_DEFINITION_EVENT,ACTOR_LIFECYCLE_EVENT,"
    "NODE_DEFINITION_EVENT,NODE_LIFECYCLE_EVENT"
)
LIMITS, REQUESTS = {"cpu": "200m", "memory": "256Mi"}, {"cpu": "50m", "memory": "64Mi"}
_AGENT = "RAY_DASHBOARD_AGGREGATOR_AGENT"
Json = dict[str, Any]


def collects(cluster: RayCluster) -> bool:
    """Whether each pod of the cluster has the collector."""
    options = cluster.spec.history_server_options
    return options is not None and options.collector_options is not None


def event_variables() -> Sequence[Json]:
    """Of the Ray container: that it tells of its events, of which, and whom."""
    return (
        plain("RAY_enable_ray_event", "true"),
        plain("RAY_enable_core_worker_ray_event_to_aggregator", "true"),
        plain(f"{_AGENT}_EVENTS_EXPORT_ADDR", f"http://localhost:{EVENTS_PORT}/v1/events"),
        plain(f"{_AGENT}_EXPOSABLE_EVENT_TYPES", EVENTS),
        plain(f"{_AGENT}_PUBLISHER_HTTP_ENDPOINT_EXPOSABLE_EVENT_TYPES", EVENTS),
    )


def collector(group: PodGroup, options: Json, access: Access, logs: Json) -> Json:
    """The container. options: ``collectorOptions`` as plain JSON; logs: the mount where Ray keeps its logs."""
    given: list[Json] = options.get("env") or []
    taken = {variable["name"] for variable in given}
    ours = [variable for variable in (*_told(group), *access.variables) if variable["name"] not in taken]
    return {
        "name": COLLECTOR,
        "image": options.get("image", ""),
        "imagePullPolicy": options.get("imagePullPolicy") or "IfNotPresent",
        "env": [*ours, *given],
        "resources": options.get("resources") or {"limits": LIMITS, "requests": REQUESTS},
        "volumeMounts": [*access.mounts, logs],
    }


def _told(group: PodGroup) -> list[Json]:
    """Whose events and logs it collects."""
    meta = group.cluster.metadata
    owner = {"OWNER_KIND": meta.labels.get(FROM_KIND), "OWNER_NAME": meta.labels.get(FROM_NAME)}
    dashboard = f"http://localhost:{dashboard_port(group.cluster)}"
    return [
        from_pod("POD_IP", "status.podIP"),
        plain("RAY_CLUSTER_NAME", meta.name),
        plain("RAY_CLUSTER_NAMESPACE", meta.namespace or "default"),
        plain("RAY_ROLE", "Head" if group.is_head else "Worker"),
        plain("EVENTS_PORT", EVENTS_PORT),
        head_address(group)[0],
        *(plain(name, value) for name, value in owner.items() if value),
        *([plain("RAY_DASHBOARD_ADDRESS", dashboard)] if group.is_head else ()),
    ]
