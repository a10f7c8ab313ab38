"""Pods of small clusters, and what the cases say of one: its parts by short names."""

import json
from typing import Any

import msgspec

from shoal.desired.cluster import DesiredCluster
from shoal.desired.kubernetes.derive import kubernetes_cluster
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.raycluster import RayCluster

Json = dict[str, Any]
ULIMIT = "ulimit -n ${RAY_START_ULIMIT_OPEN_FILES:-65536}; "


def least_group(name: str, pod: Json, container: Json) -> Json:
    """A head's or worker group's spec without anything that it can do without."""
    ray = {"name": name, "image": "rayproject/ray:2.60.0", **container}
    return {"rayStartParams": {}, "template": {"spec": {"containers": [ray], **pod}}}


def manifest(case: Json) -> Json:
    """The RayCluster of a case."""
    groups = {}
    for role in ("head", "worker"):
        group = least_group(f"ray-{role}", case.get(f"{role}_pod", {}), case.get(f"{role}_container", {}))
        more = dict(case.get(role, {}))
        group["template"] = more.pop("template", {}) | group["template"]
        groups[role] = group | more
    worker = {"groupName": "w", "replicas": 1, "minReplicas": 0, "maxReplicas": 3, **groups["worker"]}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "c", "namespace": "ns", "uid": "u", **case.get("metadata", {})},
        "spec": {
            "rayVersion": "2.60.0",
            "headGroupSpec": groups["head"],
            "workerGroupSpecs": [worker],
            **case.get("spec", {}),
        },
    }


def made(body: Json, settings: Settings) -> DesiredCluster:
    """What a manifest stands for, read as the operator reads it. The manifest is not changed by it."""
    cluster = msgspec.json.decode(json.dumps(body), type=RayCluster)
    raw = json.loads(json.dumps(body))["spec"]
    found = kubernetes_cluster(cluster, raw, settings)
    assert raw == body["spec"]
    return found


def pods_of(cluster: DesiredCluster) -> dict[str, Json]:
    """The pod of each group, by the group's name."""
    return {
        pod["metadata"]["labels"]["ray.io/group"]: pod for pod in map(msgspec.json.decode, cluster.templates.values())
    }


def view(pod: Json) -> Json:
    """The parts of a pod by short names: of its Ray container, unless they say otherwise."""
    spec = pod["spec"]
    ray = spec["containers"][0]
    args = (ray.get("args") or [""])[0]
    return {
        **pod["metadata"],
        "spec": spec,
        "command": ray.get("command"),
        "args": args,
        "ray": args.removeprefix(ULIMIT),
        "options": _options(args),
        "env": _variables(ray),
        "ports": {port["name"]: port["containerPort"] for port in ray["ports"]},
        "mounts": {mount["mountPath"]: mount["name"] for mount in ray["volumeMounts"]},
        "liveness": ray["livenessProbe"],
        "readiness": ray["readinessProbe"],
        "volumes": {volume["name"]: volume for volume in spec.get("volumes", ())},
        "containers": [container["name"] for container in spec["containers"]],
        "inits": [container["name"] for container in spec.get("initContainers", ())],
        "container": {container["name"]: _container(container) for container in spec["containers"]},
        "init": {container["name"]: _container(container) for container in spec.get("initContainers", ())},
    }


def differences(wanted: Any, found: Any, where: str = "") -> list[str]:
    """Where ``found`` lacks what ``wanted`` says; a mapping may have more, and None wants it not to be there."""
    if wanted is None:
        return [] if found is None else [f"{where}: {found!r} should not be there"]
    if isinstance(wanted, dict) and isinstance(found, dict):
        parts = (differences(value, found.get(key), f"{where}.{key}") for key, value in wanted.items())
        return [line for part in parts for line in part]
    return [] if wanted == found else [f"{where}: {found!r} is not {wanted!r}"]


def _container(container: Json) -> Json:
    return container | {"env": _variables(container)}


def _variables(container: Json) -> Json:
    return (
        {variable["name"]: variable.get("valueFrom", variable.get("value")) for variable in container["env"] or ()}
        if ("env" in container)
        else {}
    )


def _options(args: str) -> dict[str, str]:
    words = args.partition("ray start ")[2].split(" --")
    pairs = (word.removeprefix("--").partition("=") for word in words)
    return {name.strip(): value.strip() for name, _, value in pairs}
