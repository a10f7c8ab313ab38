"""The Service by which workers, people and the operator find the head."""

from collections.abc import Iterable
from typing import Any

from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes import names
from shoal.desired.kubernetes.objects.labels import of_head
from shoal.desired.kubernetes.objects.manifest import manifest
from shoal.desired.kubernetes.ports import NamedPort, head_ports
from shoal.spec.raycluster import RayCluster

INSIDE = ("", "ClusterIP")


def head_service(cluster: RayCluster, raw: dict[str, Any]) -> DesiredObject:
    """The head's Service: without an address of its own, unless another type or a ``headService`` is asked for.

    raw: the cluster's spec. What its ``headService`` says is kept, but for the selector and for labels of ours;
    ``headServiceAnnotations`` win over its annotations, and its ports stand before the head's.
    """
    labels = of_head(cluster)
    head = cluster.spec.head_group_spec
    own = raw["headGroupSpec"].get("headService") or {}
    spec = dict(own.get("spec") or {})
    if head.head_service is None and head.service_type in INSIDE:
        # A head has one pod, so its name may as well stand for the pod itself, ready or not.
        spec |= {"clusterIP": "None", "publishNotReadyAddresses": True}
    if head.service_type and not spec.get("type"):
        spec["type"] = head.service_type
    given = list(spec.get("ports") or ())
    spec |= {"selector": labels, "ports": [*given, *_unlike(given, head_ports(cluster))]}
    meta = own.get("metadata") or {}
    return manifest(
        "Service",
        names.head_service(cluster),
        (meta.get("labels") or {}) | labels,
        {"spec": spec},
        annotations=(meta.get("annotations") or {}) | cluster.spec.head_service_annotations,
    )


def _unlike(given: list[dict[str, Any]], ports: Iterable[NamedPort]) -> list[dict[str, Any]]:
    """Those of ``ports`` that clash with none of ``given``, by name or by number."""
    taken = {port.get("name") for port in given}
    numbers = {(port.get("port"), port.get("protocol") or "TCP") for port in given}
    return [_port(port) for port in ports if port.name not in taken and (port.number, port.protocol) not in numbers]


def _port(port: NamedPort) -> dict[str, Any]:
    if port.protocol == "TCP":
        return {"name": port.name, "port": port.number, "appProtocol": "tcp"}
    return {"name": port.name, "port": port.number, "protocol": port.protocol}
