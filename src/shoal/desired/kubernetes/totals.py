"""What all nodes of a cluster ask for together, as its status says it."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from shoal.desired.from_raycluster import replicas_of
from shoal.spec.kubernetes.pod import PodTemplateSpec
from shoal.spec.quantity import parse_quantity
from shoal.spec.raycluster import RayCluster

BINARY = (("Ei", 60), ("Pi", 50), ("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10))
ACCELERATORS = {"desiredGPU": ("gpu",), "desiredTPU": ("google.com/tpu",)}


def totals(cluster: RayCluster) -> dict[str, str]:
    """``desiredCPU``, ``desiredMemory``, ``desiredGPU`` and ``desiredTPU``, as quantities."""
    asked = list(_asked(cluster))
    return {
        "desiredCPU": _decimal(_sum(asked, ("cpu",))),
        "desiredMemory": _binary(_sum(asked, ("memory",))),
        **{name: _decimal(_sum(asked, suffixes)) for name, suffixes in ACCELERATORS.items()},
    }


def _asked(cluster: RayCluster) -> Iterator[tuple[dict[str, Decimal], int]]:
    """What a pod asks for, and how many such pods there are."""
    if cluster.spec.suspend:
        return
    yield _of_pod(cluster.spec.head_group_spec.template), 1
    for group in cluster.spec.worker_group_specs:
        yield _of_pod(group.template), replicas_of(group) * group.num_of_hosts


def _of_pod(template: PodTemplateSpec) -> dict[str, Decimal]:
    """Over its containers: requests, and limits for what has none, as the API server fills them in."""
    found: dict[str, Decimal] = {}
    for container in template.spec.containers if template.spec else ():
        if container.resources is None:
            continue
        for name, value in {**container.resources.limits, **container.resources.requests}.items():
            found[name] = found.get(name, Decimal(0)) + Decimal(parse_quantity(value))
    return found


def _sum(asked: Iterable[tuple[dict[str, Decimal], int]], suffixes: tuple[str, ...]) -> Decimal:
    return sum(
        (amount * pods for pod, pods in asked for name, amount in pod.items() if name.endswith(suffixes)), Decimal(0)
    )


def _decimal(value: Decimal) -> str:
    """Whole, or in thousandths."""
    return str(int(value)) if value == value.to_integral_value() else f"{int(value * 1000)}m"


def _binary(value: Decimal) -> str:
    whole = int(value)
    for unit, bits in BINARY:
        if whole and whole % 2**bits == 0:
            return f"{whole >> bits}{unit}"
    return str(whole)
