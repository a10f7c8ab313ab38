"""What a pod's resources mean to ``ray start``, read as KubeRay does: limits, else requests, and the group's own."""

import json
import math
import shlex
from collections.abc import Mapping

from shoal.spec.kubernetes.container import ResourceRequirements
from shoal.spec.kubernetes.pod import PodSpec
from shoal.spec.quantity import Quantity, bytes_of, cpu_cores, parse_quantity
from shoal.spec.ray_start import OBJECT_STORE_LEAST_BYTES, PLACING

# Ray's own rule in a container: this part of the memory is for objects.
OBJECT_STORE_SHARE = 0.3
CUSTOM = {"aws.amazon.com/neuroncore": "neuron_cores", "google.com/tpu": "TPU"}


def start_params(
    pod: PodSpec, given: Mapping[str, str], resources: Mapping[str, str], labels: Mapping[str, str]
) -> dict[str, str]:
    """Options of ``ray start`` for one group.

    pod: its first container runs Ray; given: the group's rayStartParams, which win over all else, but have no say in
    where a node listens; resources, labels: the group's own fields, which win over the pod. Memory is in bytes.
    """
    detected = _detected(pod.ray_resources)
    custom = _custom(pod.ray_resources.limits) | _group_resources(resources, detected)
    if custom:
        detected["resources"] = json.dumps(custom, sort_keys=True)
    if labels:
        detected["labels"] = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return detected | {name: _without_quotes(value) for name, value in given.items() if name not in PLACING}


def _without_quotes(value: str) -> str:
    """What the shell, through which KubeRay passes a rayStartParam, makes of one in quotes, as ``'{"x": 1}'``."""
    if len(value) < 2 or value[0] != value[-1] or value[0] not in "\"'":
        return value
    try:
        words = shlex.split(value)
    except ValueError:
        return value
    return words[0] if len(words) == 1 else value


def _detected(resources: ResourceRequirements) -> dict[str, str]:
    limits, requests = resources.limits, resources.requests
    found = {}
    cpu = limits.get("cpu", requests.get("cpu"))
    if cpu is not None:
        found["num-cpus"] = str(math.ceil(cpu_cores(cpu)))
    if "memory" in limits:
        memory = bytes_of(limits["memory"])
        found["memory"] = str(memory)
        found["object-store-memory"] = str(max(int(memory * OBJECT_STORE_SHARE), OBJECT_STORE_LEAST_BYTES))
    gpu = next((_whole(value) for key, value in limits.items() if _is_gpu(key)), 0)
    if gpu:
        found["num-gpus"] = str(gpu)
    return found


def _custom(limits: Mapping[str, Quantity]) -> dict[str, float]:
    return {CUSTOM[key]: _whole(value) for key, value in limits.items() if key in CUSTOM}


def _group_resources(resources: Mapping[str, str], detected: dict[str, str]) -> dict[str, float]:
    """Set CPU, GPU and memory of the group's own ``resources`` in ``detected``; return the rest."""
    rest: dict[str, float] = {}
    for name, value in resources.items():
        match name:
            case "CPU":
                detected["num-cpus"] = str(math.ceil(cpu_cores(value)))
            case "GPU":
                detected["num-gpus"] = str(_whole(value))
            case "memory":
                detected["memory"] = str(bytes_of(value))
            case _:
                rest[name] = float(parse_quantity(value))
    return rest


def _is_gpu(resource: str) -> bool:
    return resource.endswith("gpu") or resource.startswith("nvidia.com/mig-")


def _whole(value: Quantity) -> int:
    return math.ceil(parse_quantity(value))
