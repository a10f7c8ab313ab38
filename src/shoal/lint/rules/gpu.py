"""GPUs: what the pod gets, what Ray is told, where it may run."""

from collections.abc import Iterator

from shoal.findings import Severity
from shoal.lint.context import ClusterContext, Group
from shoal.lint.facts import Facts
from shoal.lint.rule import Hit, rule
from shoal.spec.quantity import parse_quantity

SHARED_GPU = frozenset(("gpu-fraction", "gpu-memory"))
ACCELERATORS = ("google.com/tpu", "aws.amazon.com/neuroncore", "habana.ai/gaudi")


@rule("L111", Severity.WARNING)
def gpu_count_differs_from_limit(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`num-gpus` is not the GPU limit of the container.

    Ray gets its GPUs from the limit by itself. A `num-gpus` above it lets tasks start that find no GPU; one below it
    leaves GPUs idle that are paid for.

    Remove `num-gpus`, or write the number of the limit. `num-gpus: "0"` is taken as meant.
    """
    for group in cluster.groups:
        count, told = _gpus(group), group.params.get("num-gpus", "")
        if count is not None and told.isdecimal() and int(told) not in (0, count):
            message = f"{group.title} has {count} GPUs and tells Ray of {told}"
            yield Hit(message, group.param_path("num-gpus"), "remove num-gpus: it is read from the limit")


@rule("L112", Severity.WARNING)
def gpu_is_claimed_without_limit(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`num-gpus` is set, and the container asks for no GPU.

    Ray then runs GPU tasks in a pod that Kubernetes gave no GPU: they fail, or use a GPU that belongs to another pod.
    Pods that share a GPU by an annotation (`gpu-fraction`) or a resource claim are left out.

    Ask for the GPUs; `num-gpus` is then read from the limit:

        limits: {nvidia.com/gpu: 1}
    """
    for group in cluster.groups:
        told = group.params.get("num-gpus", "")
        if told.isdecimal() and int(told) > 0 and not _gets_gpus(group):
            message = f"{group.title} tells Ray of {told} GPU and asks Kubernetes for none"
            yield Hit(message, group.param_path("num-gpus"), f"add it to the limits, as `nvidia.com/gpu: {told}`")


@rule("L113", Severity.WARNING)
def gpu_limit_is_not_seen_by_ray(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The container has GPUs under a name that is not read as a GPU.

    Only resources whose name ends in `gpu`, and NVIDIA's MIG slices, are passed on to Ray by themselves. Under another
    name, as `nvidia.com/gpu.shared` or `gpu.intel.com/i915`, the pod gets the GPU and Ray never uses it.

    Say it to Ray as well:

        rayStartParams: {num-gpus: "1"}
    """
    for group in cluster.groups:
        unseen = [name for name in group.limits if "gpu" in name and not _is_seen(name)]
        told = {"num-gpus", "resources"} & group.params.keys() or {"GPU"} & group.spec.resources.keys()
        if unseen and not told and _gpus(group) is None:
            message = f"Ray is not told of {unseen[0]!r} in {group.title}"
            yield Hit(message, group.limit_path(unseen[0]), 'add `num-gpus: "1"` to rayStartParams')


@rule("L114", Severity.ERROR)
def gpu_request_has_no_equal_limit(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A GPU is requested without a limit of the same number.

    Kubernetes refuses such a pod: devices can't be overcommitted, so their request and limit are one number.

    Write it under `limits`; the request follows from it.
    """
    for group in cluster.groups:
        for name, request in group.requests.items():
            limit = group.limits.get(name)
            if _is_device(name) and (limit is None or parse_quantity(limit) != parse_quantity(request)):
                given = "has no limit for it" if limit is None else f"its limit is {limit}"
                message = f"{group.title} requests {name}: {request}, and {given}"
                yield Hit(message, group.request_path(name), f"write `{name}: {request}` under limits")


@rule("L115", Severity.NOTE)
def gpu_group_is_not_placed(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A group with GPUs says nothing about the machines it runs on.

    Machines with GPUs usually carry a taint, so that other pods stay off them. A pod without the matching toleration
    stays Pending, unless the platform adds it (GKE does). Without a nodeSelector a pod may land on any kind of GPU that
    the cluster has.

    Say both, with the names of your cluster:

        nodeSelector: {cloud.google.com/gke-accelerator: nvidia-l4}
        tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
    """
    for group in cluster.groups:
        devices = [name for name in group.limits if _is_device(name) and parse_quantity(group.limits[name]) > 0]
        affinity = group.pod.affinity.node_affinity if group.pod.affinity is not None else None
        placed = group.pod.tolerations or group.pod.node_selector or affinity or group.pod.node_name
        if devices and not placed:
            message = f"{group.title} asks for {devices[0]} and has neither tolerations nor a nodeSelector"
            hint = "add the toleration of your GPU machines' taint, and a nodeSelector for the kind of GPU"
            yield Hit(message, group.limit_path(devices[0]), hint)


def _is_seen(name: str) -> bool:
    return name.endswith("gpu") or name.startswith("nvidia.com/mig-")


def _is_device(name: str) -> bool:
    return "gpu" in name or name.startswith("nvidia.com/") or name in ACCELERATORS


def _gpus(group: Group) -> int | None:
    """The GPUs of the first limit that is read as such; None without one."""
    return next((int(parse_quantity(value)) for name, value in group.limits.items() if _is_seen(name)), None)


def _gets_gpus(group: Group) -> bool:
    metadata = group.spec.template.metadata
    claims = group.pod.resource_claims or (group.container.resources and group.container.resources.claims)
    by_mark = SHARED_GPU & (metadata.annotations.keys() | metadata.labels.keys())
    visible = group.env("NVIDIA_VISIBLE_DEVICES") is not None
    return bool(claims or by_mark or visible or any(_is_device(name) for name in group.limits))
