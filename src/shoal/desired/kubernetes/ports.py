"""The ports of a head, as its Service, its Ingress and its NetworkPolicy need them."""

from collections.abc import Iterator, Mapping

import msgspec
from msgspec.structs import replace

from shoal.desired.from_raycluster import groups_of, head_port_numbers, pod_of, ray_container
from shoal.desired.kubernetes.own_command import has_own_command
from shoal.spec.ray_start import HEAD_PORT_NAMED
from shoal.spec.raycluster import HeadGroupSpec, RayCluster, WorkerGroupSpec

DASHBOARD, METRICS, SERVE = "dashboard", "metrics", "serve"


class NamedPort(msgspec.Struct, frozen=True):
    """A port of the head. protocol: TCP, UDP or SCTP."""

    name: str
    number: int
    protocol: str = "TCP"


_DEFAULTS = (
    (NamedPort("client", 10001), "ray-client-server-port"),
    (NamedPort(DASHBOARD, 8265), "dashboard-port"),
    (NamedPort("gcs-server", 6379), "port"),
    (NamedPort(METRICS, 8080), "metrics-export-port"),
    (NamedPort(SERVE, 8000), ""),
)
"""Each with the option of ``ray start`` that moves it."""


def head_ports(cluster: RayCluster) -> tuple[NamedPort, ...]:
    """Every port of the head, by name: those of its container, or Ray's own when that lists none; metrics in any case.

    Of two with one number the first in the manifest stays, since a Service can't have both.
    """
    found = {(port.number, port.protocol): port for port in reversed(_listed(cluster))}
    if not found:
        found = {(port.number, port.protocol): port for port in _own(cluster)}
    if all(port.name != METRICS for port in found.values()):
        metrics = next(port for port in _own(cluster) if port.name == METRICS)
        found.setdefault((metrics.number, metrics.protocol), metrics)
    return tuple(sorted(found.values(), key=lambda port: port.name))


def gcs_port(cluster: RayCluster) -> int:
    """Where the head's GCS listens: where workers look for it, and where the operator asks it.

    What its container lists moves nothing, but tells where a command of the manifest's own has Ray listen.
    """
    head = cluster.spec.head_group_spec
    container = ray_container(head.template)
    if not has_own_command(cluster, head):
        container = replace(container, ports=())
    return head_port_numbers(container, head.ray_start_params).get("gcs") or HEAD_PORT_NAMED["gcs"].default


def dashboard_port(cluster: RayCluster) -> int:
    """Where the head's dashboard listens."""
    return _number(cluster, DASHBOARD)


def metrics_ports(cluster: RayCluster) -> frozenset[int]:
    """Where metrics are, of the head and of every group: Ray's own, and what containers list under such a name."""
    return frozenset(number for group in groups_of(cluster) for number in _metrics(group))


def is_of_metrics(name: str) -> bool:
    """Whether a port of this name has metrics, as KubeRay's ``as-metrics`` and ``dash-metrics`` have."""
    return name.endswith(METRICS)


def serve_port(cluster: RayCluster) -> int:
    """Where Ray Serve listens on the head."""
    return _number(cluster, SERVE)


def serve_ports(cluster: RayCluster) -> tuple[NamedPort, ...]:
    """The ports of Ray Serve that the head's container lists: ``serve`` and ``serve-...``."""
    return tuple(port for port in _listed(cluster) if port.name == SERVE or port.name.startswith(f"{SERVE}-"))


def _number(cluster: RayCluster, name: str) -> int:
    return next(port.number for port in (*_listed(cluster), *_own(cluster)) if port.name == name)


def _listed(cluster: RayCluster) -> tuple[NamedPort, ...]:
    return tuple(
        NamedPort(port.name or f"{port.container_port}-port", port.container_port, port.protocol)
        for port in ray_container(cluster.spec.head_group_spec.template).ports
    )


def _metrics(group: HeadGroupSpec | WorkerGroupSpec) -> Iterator[int]:
    for container in pod_of(group.template).containers:
        yield from (port.container_port for port in container.ports if is_of_metrics(port.name))
    if all(port.name != METRICS for port in ray_container(group.template).ports):
        yield from (port.number for port in _moved(group.ray_start_params) if port.name == METRICS)


def _own(cluster: RayCluster) -> tuple[NamedPort, ...]:
    return _moved(cluster.spec.head_group_spec.ray_start_params)


def _moved(params: Mapping[str, str]) -> tuple[NamedPort, ...]:
    """Ray's own ports, where its options say."""
    moved = ((port, params.get(option, "")) for port, option in _DEFAULTS)
    return tuple(NamedPort(port.name, int(at)) if at.isdecimal() else port for port, at in moved)
