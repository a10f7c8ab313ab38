"""Ray's cluster.yaml -> RayCluster."""

import re
from typing import Any

from shoal.convert.commands import GCS_PORT, OF_RESOURCES, options_of
from shoal.convert.conversion import Conversion, to_yaml, without_empty
from shoal.convert.lost_by_raycluster import lost
from shoal.convert.names import name_of, names_of
from shoal.desired.resources import OBJECT_STORE_SHARE
from shoal.spec.clusterfile import ClusterFile, NodeType, WorkerType, worker_types
from shoal.spec.images import ray_of
from shoal.spec.ray_start import HEAD_PORTS, OBJECT_STORE_LEAST_BYTES, HeadPort
from shoal.spec.ray_version import TOKENS_SINCE, numbers

_INSTALLED = re.compile(r"\bray(?:\[[^\]]*\])?==(\d+\.\d+\.\d+)")
_UNITS = (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


def to_raycluster(file: ClusterFile) -> Conversion:
    """A RayCluster with the same machines as pods: a group for every type of worker.

    Expects a spec without findings of severity error.
    """
    groups = worker_types(file)
    scales = any(group.most > group.least for group in groups)
    version = ray_version(file)
    spec = {
        "rayVersion": version,
        "authOptions": {"mode": "token"} if version and numbers(version) >= TOKENS_SINCE else None,
        "enableInTreeAutoscaling": True if scales else None,
        "autoscalerOptions": _autoscaler(file, groups) if scales else None,
        "headGroupSpec": _head(file, scales=scales),
        "workerGroupSpecs": _named(file, groups, scales=scales),
    }
    document = {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": name_of(file.cluster_name)},
        "spec": without_empty(spec),
    }
    text = to_yaml(f"Ray's cluster.yaml {file.cluster_name}, as a RayCluster.", document)
    names = [group.name for group in groups]
    return Conversion(text, tuple(lost(file, names, scales=scales)))


def ray_version(file: ClusterFile) -> str:
    """The Ray that the images or the setup commands name, else ""."""
    images = (file.docker.head_image, file.docker.image, file.docker.worker_image)
    commands = " ".join((*file.setup_commands, *file.head_setup_commands))
    installed = _INSTALLED.search(commands)
    return next((ray_of(image) for image in images if ray_of(image)), "") or (installed[1] if installed else "")


def _autoscaler(file: ClusterFile, groups: list[WorkerType]) -> dict[str, Any]:
    """Only version 2 knows of idle timeouts of groups."""
    version = {"version": "v2"} if any(group.kind.idle_timeout_s is not None for group in groups) else {}
    return version | {"idleTimeoutSeconds": round(file.idle_timeout_minutes * 60)}


def _head(file: ClusterFile, *, scales: bool) -> dict[str, Any]:
    kind = file.available_node_types.get(file.head_node_type, NodeType())
    told = options_of(file.head_start_ray_commands)
    options = {name: value for name, value in told.items() if (name, value) != ("port", GCS_PORT)}
    image = file.docker.head_image or file.docker.image or _default_image(file)
    ports = [{"name": port.aliases[0], "containerPort": _listens_on(port, options)} for port in HEAD_PORTS]
    return without_empty({**_offers(kind, options), "template": _pod("ray-head", image, kind, ports, token=scales)})


def _listens_on(port: HeadPort, options: dict[str, str]) -> int:
    told = options.get(port.option, "")
    return int(told) if told.isdecimal() else port.default


def _named(file: ClusterFile, groups: list[WorkerType], *, scales: bool) -> list[dict[str, Any]]:
    options = options_of(file.worker_start_ray_commands)
    found = []
    for group, name in zip(groups, names_of([group.name for group in groups]), strict=True):
        own = group.kind.docker.worker_image if group.kind.docker else ""
        image = own or file.docker.worker_image or file.docker.image or _default_image(file)
        idle = group.kind.idle_timeout_s if scales else None
        fields = {
            "groupName": name,
            "replicas": group.least,
            "minReplicas": group.least,
            "maxReplicas": group.most,
            "idleTimeoutSeconds": round(idle) if idle is not None else None,
            "priority": group.kind.priority or None,
            **_offers(group.kind, options),
            "template": _pod("ray-worker", image, group.kind, [], token=False),
        }
        found.append(without_empty(fields))
    return found


def _default_image(file: ClusterFile) -> str:
    version = ray_version(file)
    return f"rayproject/ray:{version}" if version else ""


def _offers(kind: NodeType, options: dict[str, str]) -> dict[str, Any]:
    """What the group says to Ray beside the limits of its container."""
    known = ("CPU", "GPU", "memory", "object_store_memory")
    custom = {name: str(amount) for name, amount in kind.resources.items() if name not in known}
    params = {name: value for name, value in options.items() if not (kind.resources and name in OF_RESOURCES)}
    store, memory = kind.resources.get("object_store_memory"), kind.resources.get("memory", 0)
    if store is not None and store != max(int(memory * OBJECT_STORE_SHARE), OBJECT_STORE_LEAST_BYTES):
        params["object-store-memory"] = str(store)
    if kind.resources.get("CPU") == 0:  # a container can't have a limit of none
        if custom:
            custom["CPU"] = "0"
        else:
            params = {"num-cpus": "0"} | params
    return {"rayStartParams": params, "resources": custom, "labels": dict(kind.labels)}


def _pod(name: str, image: str, kind: NodeType, ports: list[dict[str, Any]], *, token: bool) -> dict[str, Any]:
    """token: whether the stock autoscaler beside the head needs the one for the Kubernetes API."""
    limits = {"cpu": str(kind.resources.get("CPU") or ""), "memory": _quantity(kind.resources.get("memory", 0))}
    limits["nvidia.com/gpu"] = str(kind.resources.get("GPU") or "")
    limits = without_empty(limits)
    requests = {key: value for key, value in limits.items() if key in ("cpu", "memory")}
    resources = without_empty({"limits": limits, "requests": requests})
    container = without_empty({"name": name, "image": image, "ports": ports, "resources": resources})
    rest = {} if token else {"automountServiceAccountToken": False}
    return {"spec": {**rest, "containers": [container]}}


def _quantity(size: int) -> str:
    unit = next(((name, factor) for name, factor in _UNITS if size and size % factor == 0), ("", 1))
    return f"{size // unit[1]}{unit[0]}" if size else ""
