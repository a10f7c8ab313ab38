"""How Kubernetes tells whether a Ray node is well: over HTTP, so that an image needs no tool for it.

These endpoints answer without a token, also where Ray asks everyone else for one.
"""

from collections.abc import Mapping
from typing import Any

from shoal.desired.kubernetes.command import AGENT_PORT, DASHBOARD_PORT, port_of
from shoal.desired.kubernetes.group import PodGroup
from shoal.spec.ray_version import ONE_HEALTH_CHECK_SINCE, numbers

SERVE_PORT = 8000
LIVENESS = {"initialDelaySeconds": 30, "periodSeconds": 5, "successThreshold": 1, "failureThreshold": 120}
READINESS = {"initialDelaySeconds": 10, "periodSeconds": 5, "successThreshold": 1, "failureThreshold": 10}
HEAD_TIMEOUT_S, WORKER_TIMEOUT_S = 5, 2


def probes(group: PodGroup, params: Mapping[str, str]) -> dict[str, Any]:
    """The probes of the Ray container that the manifest lacks. params: of its ``ray start``."""
    timeout = {"timeoutSeconds": HEAD_TIMEOUT_S if group.is_head else WORKER_TIMEOUT_S}
    found: dict[str, Any] = {}
    if group.ray.liveness_probe is None:
        found["livenessProbe"] = _agent(group, params) | timeout | LIVENESS
    if group.ray.readiness_probe is None:
        found["readinessProbe"] = _readiness(group, params) | timeout | READINESS
        if group.serves and not group.is_head:
            # A proxy that is gone must not get requests for another half minute.
            found["readinessProbe"]["failureThreshold"] = 1
    return found


def _readiness(group: PodGroup, params: Mapping[str, str]) -> dict[str, Any]:
    if group.serves and not group.is_head:
        named = {port.name: port.container_port for port in group.ray.ports}
        return _get("/-/healthz", named.get("serve", SERVE_PORT))
    if group.is_head and not _has_one_check(group) and params.get("include-dashboard", "").lower() != "false":
        return _get("/api/gcs_healthz", port_of(params, "dashboard-port", DASHBOARD_PORT))
    return _agent(group, params)


def _agent(group: PodGroup, params: Mapping[str, str]) -> dict[str, Any]:
    """Whether the raylet is well, and on the head since Ray 2.53 the GCS too."""
    path = "/api/healthz" if _has_one_check(group) else "/api/local_raylet_healthz"
    return _get(path, port_of(params, "dashboard-agent-listen-port", AGENT_PORT))


def _has_one_check(group: PodGroup) -> bool:
    return numbers(group.cluster.spec.ray_version) >= ONE_HEALTH_CHECK_SINCE


def _get(path: str, port: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": port}}
