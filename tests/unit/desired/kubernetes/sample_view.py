"""What a RayCluster becomes, in few words: what all clusters have in common is left out."""

from typing import Any

from shoal.desired.cluster import DesiredCluster
from unit.desired.kubernetes.pod_view import pods_of, view

Json = dict[str, Any]
COMMON_OPTIONS = (" --block", " --dashboard-agent-listen-port=52365", " --metrics-export-port=8080")
COMMON_ENV = {
    "KUBERAY_GEN_RAY_START_CMD",
    "RAY_ADDRESS",
    "RAY_CLOUD_INSTANCE_ID",
    "RAY_CLUSTER_NAME",
    "RAY_CLUSTER_NAMESPACE",
    "RAY_DASHBOARD_ENABLE_K8S_DISK_USAGE",
    "RAY_NODE_TYPE_NAME",
    "RAY_PORT",
    "RAY_USAGE_STATS_KUBERAY_IN_USE",
}
COMMON_LABELS = {"app.kubernetes.io/created-by", "app.kubernetes.io/name", "ray.io/is-ray-node"}


def summary(cluster: DesiredCluster) -> Json:
    """Its nodes by group, its shared objects, and the pod of each group."""
    counts: dict[str, int] = {}
    for node in cluster.nodes:
        counts[node.group] = counts.get(node.group, 0) + 1
    return {
        "nodes": counts,
        "objects": {shared.key: _object(shared.body) for shared in cluster.objects},
        "pods": {group: _pod(view(pod)) for group, pod in pods_of(cluster).items()},
    }


def _object(body: Json) -> Any:
    spec = body.get("spec") or {}
    if body["kind"] != "Service":
        return "made"
    ports = {port["name"]: port["port"] for port in spec.get("ports", ())}
    return {"type": "headless" if spec.get("clusterIP") == "None" else spec.get("type", "ClusterIP"), "ports": ports}


def _pod(pod: Json) -> Json:
    ray = pod["ray"]
    for option in COMMON_OPTIONS:
        assert option in ray or "KUBERAY_GEN_RAY_START_CMD" not in ray, ray
        ray = ray.replace(option, "")
    assert pod["env"].keys() >= COMMON_ENV
    assert pod["labels"].keys() >= COMMON_LABELS
    return {
        "ray": ray,
        "env": sorted(pod["env"].keys() - COMMON_ENV),
        "ports": pod["ports"],
        "mounts": pod["mounts"],
        "containers": pod["containers"],
        "inits": pod["inits"],
        "labels": {name: value for name, value in pod["labels"].items() if name not in COMMON_LABELS},
        "annotations": pod.get("annotations") or {},
        "probes": [_probe(pod["liveness"]), _probe(pod["readiness"])],
    }


def _probe(probe: Json) -> str:
    asked = probe.get("httpGet") or {}
    return f"{asked.get('port')}{asked.get('path')}" if asked else "its own"
