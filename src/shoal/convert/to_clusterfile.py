"""RayCluster -> Ray's cluster.yaml."""

import json
from typing import Any

from shoal.convert.commands import GCS_PORT, extra_options, head_command, worker_command
from shoal.convert.conversion import Conversion, to_yaml, without_empty
from shoal.convert.lost_by_clusterfile import lost
from shoal.desired.from_raycluster import pod_of, ray_container, replicas_of
from shoal.desired.resources import start_params
from shoal.spec.raycluster import HEAD_GROUP, HeadGroupSpec, RayCluster, WorkerGroupSpec

UNBOUNDED = 2**31 - 1
IDLE_SECONDS = 60
RESOURCES = {"num-cpus": "CPU", "num-gpus": "GPU", "memory": "memory", "object-store-memory": "object_store_memory"}


def to_clusterfile(cluster: RayCluster) -> Conversion:
    """A cluster.yaml with the same machines: a type for every group, on hosts of your own (``provider: local``).

    Expects a spec without findings of severity error.
    """
    spec = cluster.spec
    types = {HEAD_GROUP: _head(spec.head_group_spec)}
    types |= {group.group_name: _worker(group, cluster) for group in spec.worker_group_specs}
    most = sum(kind.get("max_workers", UNBOUNDED) for kind in types.values())
    idle = spec.autoscaler_options.idle_timeout_seconds if spec.autoscaler_options else None
    seconds = IDLE_SECONDS if idle is None else idle
    document = {
        "cluster_name": cluster.metadata.name,
        "max_workers": min(most, UNBOUNDED),
        "idle_timeout_minutes": _minutes(seconds) if spec.enable_in_tree_autoscaling else None,
        "provider": {"type": "local", "head_ip": "localhost"},
        "docker": _docker(cluster),
        "head_node_type": HEAD_GROUP,
        "available_node_types": types,
        "setup_commands": _setup(cluster),
        **_start_commands(cluster),
    }
    text = to_yaml(f"RayCluster {cluster.metadata.name}, as Ray's cluster.yaml.", document)
    return Conversion(text, tuple(lost(cluster, _common_options(cluster), is_installed=bool(_setup(cluster)))))


def _minutes(seconds: int) -> int | float:
    return seconds // 60 if seconds % 60 == 0 else round(seconds / 60, 3)


def _head(group: HeadGroupSpec) -> dict[str, Any]:
    return {"node_config": {}, **without_empty(_offers(group)), "max_workers": 0}


def _worker(group: WorkerGroupSpec, cluster: RayCluster) -> dict[str, Any]:
    bounds: dict[str, Any] = {"min_workers": (number := replicas_of(group) * group.num_of_hosts), "max_workers": number}
    if cluster.spec.enable_in_tree_autoscaling:
        most = group.max_replicas * group.num_of_hosts if group.max_replicas != UNBOUNDED else None
        bounds = {"min_workers": group.min_replicas * group.num_of_hosts, "max_workers": most}
    rest = {"idle_timeout_s": group.idle_timeout_seconds, "priority": group.priority or None}
    image = ray_container(group.template).image
    own = {"docker": {"worker_image": image}} if image and image != _worker_image(cluster) else {}
    return {"node_config": {}, **without_empty({**_offers(group), **bounds, **rest, **own})}


def _offers(group: HeadGroupSpec | WorkerGroupSpec) -> dict[str, Any]:
    """The resources and labels of a type."""
    params = start_params(pod_of(group.template), group.ray_start_params, group.resources, {})
    resources = {key: int(params[name]) for name, key in RESOURCES.items() if params.get(name, "").isdecimal()}
    resources |= {name: int(amount) for name, amount in _custom(params).items() if amount == int(amount)}
    return {"resources": resources, "labels": dict(group.labels)}


def _custom(params: dict[str, str]) -> dict[str, float]:
    try:
        read = json.loads(params.get("resources", "{}"))
    except ValueError:  # a shell variable in it, or no JSON: told by lint
        return {}
    return {name: amount for name, amount in read.items() if isinstance(amount, int | float)}


def _images(cluster: RayCluster) -> list[str]:
    groups = cluster.spec.worker_group_specs
    return [ray_container(group.template).image for group in groups]


def _worker_image(cluster: RayCluster) -> str:
    return next((image for image in _images(cluster) if image), "")


def _docker(cluster: RayCluster) -> dict[str, str]:
    head, worker = ray_container(cluster.spec.head_group_spec.template).image, _worker_image(cluster)
    if head == worker or not worker:
        return without_empty({"image": head})
    return without_empty({"head_image": head, "worker_image": worker})


def _setup(cluster: RayCluster) -> list[str]:
    version = cluster.spec.ray_version
    return [f"pip install 'ray[default]=={version}'"] if version and not _docker(cluster) else []


def _common_options(cluster: RayCluster) -> dict[str, str]:
    """The options that all groups of workers have in common: one command starts them all."""
    all_options = [extra_options(group.ray_start_params) for group in cluster.spec.worker_group_specs]
    first = all_options[0] if all_options else {}
    return {name: value for name, value in first.items() if all(options.get(name) == value for options in all_options)}


def _start_commands(cluster: RayCluster) -> dict[str, list[str]]:
    """Only where there is something to say beyond Ray's own commands."""
    head = extra_options(cluster.spec.head_group_spec.ray_start_params)
    workers = _common_options(cluster)
    port = head.get("port", GCS_PORT)
    head = {name: value for name, value in head.items() if (name, value) != ("port", GCS_PORT)}
    return {
        "head_start_ray_commands": [head_command(head)] if head else [],
        "worker_start_ray_commands": [worker_command(workers, port)] if workers or port != GCS_PORT else [],
    }
