"""What a RayCluster says and a cluster.yaml can't, with the reason."""

from collections.abc import Iterator, Mapping
from typing import Any

from shoal.convert.commands import extra_options
from shoal.convert.conversion import because, lost_fields
from shoal.desired.from_raycluster import pod_of, ray_container, replicas_of
from shoal.desired.resources import CUSTOM
from shoal.findings import Finding, Path
from shoal.lint.local import best_match, normal
from shoal.spec.images import ray_of
from shoal.spec.kubernetes.container import ResourceRequirements
from shoal.spec.raycluster import RayCluster
from shoal.spec.wire import Count

CARRIED = tuple(
    tuple(pattern.split("."))
    for pattern in (
        "apiVersion",
        "kind",
        "metadata.name",
        "spec.enableInTreeAutoscaling",
        "spec.autoscalerOptions.idleTimeoutSeconds",
        "group.groupName",
        "group.resources",
        "group.labels",
        "group.idleTimeoutSeconds",
        "group.priority",
        "group.rayStartParams",
        "ray.name",
        "ray.image",
    )
)
OF_RAY = (("ray", "resources"), ("group", "template", "spec", "resources"))
"""Where the resources of the Ray container may stand."""
REASONS = (
    *because("a cluster.yaml runs as soon as `ray up` is called", "spec.suspend", "group.suspend"),
    *because(
        "Ray takes the limit; machines have no requests",
        "ray.resources.requests",
        "group.template.spec.resources.requests",
    ),
    *because("only CPUs, memory and GPUs are resources of a machine", "ray.resources", "group.template.spec.resources"),
    *because("cluster.yaml sets no variables: export them in the start commands", "ray.env", "ray.envFrom"),
    *because("machines have no volumes of Kubernetes: use file_mounts or the disk of the machine", "ray.volumeMounts"),
    *because(
        "machines have no volumes of Kubernetes: use file_mounts or the disk of the machine",
        "group.template.spec.volumes",
    ),
    *because(
        "only the Ray container has a counterpart",
        "group.template.spec.containers",
        "group.template.spec.initContainers",
    ),
    *because("the machines of a type are chosen by its node_config", "group.template.spec.nodeSelector"),
    *because("the machines of a type are chosen by its node_config", "group.template.spec.affinity"),
    *because("the machines of a type are chosen by its node_config", "group.template.spec.tolerations"),
    *because("it belongs to the pod, and machines have none", "group.template", "ray"),
    *because(
        "it belongs to the object in Kubernetes", "metadata.*", "status", "spec.managedBy", "spec.upgradeStrategy"
    ),
    *because("ports of a machine need no declaration", "ray.ports"),
    *because("there is no Service: `ray attach` and ssh lead to the head", "group.serviceType", "group.headService"),
    *because("there is no Service: `ray attach` and ssh lead to the head", "spec.headServiceAnnotations"),
    *because(
        "there is no Ingress: `ray attach` and ssh lead to the head", "group.enableIngress", "group.ingressOptions"
    ),
    *because("`ray up` passes no token on: set RAY_AUTH_MODE in the start commands", "spec.authOptions"),
    *because("set RAY_USE_TLS and the files in the start commands", "spec.tlsOptions"),
    *because("the firewall is the provider's", "spec.networkPolicy"),
    *because("set RAY_REDIS_ADDRESS in the head's start command", "spec.gcsFaultToleranceOptions"),
    *because("hosts are separate machines there", "group.numOfHosts"),
    *because("the autoscaler of a cluster.yaml runs in the head", "spec.autoscalerOptions"),
    *because("without autoscaling the number that runs is min_workers and max_workers", "group.minReplicas"),
    *because("without autoscaling the number that runs is min_workers and max_workers", "group.maxReplicas"),
    *because("with autoscaling the number is the autoscaler's, from min_workers up", "group.replicas"),
    *because("the image decides which Ray runs", "spec.rayVersion"),
    *because("another group of workers doesn't have it, and all share one start command", "group.rayStartParams.*"),
)


def lost(cluster: RayCluster, common: Mapping[str, str], *, is_installed: bool) -> Iterator[Finding]:
    """The fields of ``cluster`` that its cluster.yaml doesn't say.

    common: the options that every group of workers has; is_installed: whether the file installs the Ray of rayVersion.
    """

    def is_carried(path: Path, value: Any) -> bool:
        return _is_carried(path, value, cluster, common, is_installed=is_installed)

    return lost_fields(cluster, is_carried, REASONS)


def _is_carried(path: Path, value: Any, cluster: RayCluster, common: Mapping[str, str], *, is_installed: bool) -> bool:
    steps = normal(path)
    autoscaling = cluster.spec.enable_in_tree_autoscaling
    match steps:
        case ("group", "rayStartParams", name) if path[1] == "workerGroupSpecs":
            return name in common or not extra_options({name: value})
        case ("group", "rayStartParams", "autoscaling-config"):
            return False
        case ("group", "resources", name):
            return name in ("CPU", "GPU", "memory") or float(value).is_integer()
        case ("group", "numOfHosts" | "minReplicas" | "maxReplicas" | "replicas" as name):
            return _is_same_number(name, value, path, cluster, autoscaling=autoscaling)
        case (*_, "resources", "limits", name) if steps[:-2] in OF_RAY:
            is_gpu = name.endswith("gpu") or name.startswith("nvidia.com/mig-")
            return (is_gpu or name in ("cpu", "memory", *CUSTOM)) and _resources(path, cluster).limits[name] == value
        case (*_, "resources", "requests", "cpu") if steps[:-2] in OF_RAY:
            told = _resources(path, cluster)
            return "cpu" not in told.limits and told.requests["cpu"] == value
        case ("spec", "rayVersion"):
            head = ray_container(cluster.spec.head_group_spec.template).image
            return is_installed or ray_of(head) == value
    return best_match(steps, CARRIED) > 0


def _resources(path: Path, cluster: RayCluster) -> ResourceRequirements:
    groups = cluster.spec.worker_group_specs
    group = cluster.spec.head_group_spec if path[1] == "headGroupSpec" else groups[int(path[2])]
    return pod_of(group.template).ray_resources


def _is_same_number(name: str, value: Count, path: Path, cluster: RayCluster, *, autoscaling: bool) -> bool:
    """Whether min_workers and max_workers of the type say the same."""
    if name == "numOfHosts":
        return value == 1
    group = cluster.spec.worker_group_specs[int(path[2])]
    if name == "replicas":
        return value == (group.min_replicas if autoscaling else replicas_of(group))
    return autoscaling or value == replicas_of(group)
