"""Everything in a file that leads from outside to the head of a cluster."""

from collections.abc import Iterator
from typing import Any

import msgspec

from shoal.findings import Path
from shoal.lint.context import ClusterContext
from shoal.spec.kubernetes.service import ServiceSpec
from shoal.spec.node import Node

OUTWARD = frozenset(("NodePort", "LoadBalancer"))


class Exposure(msgspec.Struct, frozen=True):
    """One way in. title: by what, as people say it. path: where it stands, or the head when in another document."""

    title: str
    path: Path
    has_tls: bool = False


def exposures(cluster: ClusterContext) -> Iterator[Exposure]:
    """All ways in: those of the RayCluster itself first, then those of documents beside it."""
    head, path = cluster.spec.head_group_spec, cluster.head.path
    own = head.head_service.spec if head.head_service is not None else ServiceSpec()
    if head.service_type in OUTWARD:
        yield Exposure(f"serviceType {head.service_type}", (*path, "serviceType"))
    if own.type in OUTWARD:
        yield Exposure(f"a headService of type {own.type}", (*path, "headService", "spec", "type"))
    if own.external_ips:
        yield Exposure("a headService with externalIPs", (*path, "headService", "spec", "externalIPs"))
    if head.enable_ingress:
        yield Exposure("the Ingress", (*path, "enableIngress"), bool(head.ingress_options and head.ingress_options.tls))
    for document in cluster.beside:
        way = _beside(document.node, cluster)
        if way is not None:
            title, has_tls = way
            yield Exposure(f"{title} in line {document.node.mark.line}", path, has_tls)


def _beside(node: Node, cluster: ClusterContext) -> tuple[str, bool] | None:
    """What a document is called and whether it has TLS; None when it doesn't lead to the head."""
    kind, spec = _text(node, "kind"), node.get("spec")
    if spec is None:
        return None
    heads = _head_services(cluster)
    if kind == "Ingress" and not heads.isdisjoint(_ingress_backends(spec)):
        return "the Ingress", spec.get("tls") is not None
    if kind == "Route" and _text(spec, "to", "name") in heads:
        return "the Route", spec.get("tls") is not None
    if kind == "HTTPRoute" and not heads.isdisjoint(_route_backends(spec)):
        return "the HTTPRoute", _listens_with_tls(cluster)
    if kind == "Service" and _text(spec, "type") in OUTWARD and _selects_head(spec, cluster):
        return f"the Service of type {_text(spec, 'type')}", False
    return None


def _head_services(cluster: ClusterContext) -> set[str]:
    """Names of the cluster's own Service, and of those in the file that lead to its head, as one of `shoal expose`."""
    own = cluster.spec.head_group_spec.head_service
    name = (own.metadata.name if own is not None else "") or f"{cluster.name}-head-svc"
    services = [document.node for document in cluster.beside if _text(document.node, "kind") == "Service"]
    specs = [(_text(node, "metadata", "name"), node.get("spec")) for node in services]
    return {name, *(name for name, spec in specs if spec is not None and _selects_head(spec, cluster))}


def _ingress_backends(spec: Node) -> Iterator[Any]:
    yield _text(spec, "defaultBackend", "service", "name")
    for rule in _items(spec, "rules"):
        for entry in _items(rule, "http", "paths"):
            yield _text(entry, "backend", "service", "name")


def _route_backends(spec: Node) -> Iterator[Any]:
    for rule in _items(spec, "rules"):
        for backend in _items(rule, "backendRefs"):
            yield _text(backend, "name")


def _listens_with_tls(cluster: ClusterContext) -> bool:
    """A route's TLS is its Gateway's: only one in the same file can be seen not to have any."""
    gateways = [document.node for document in cluster.beside if _text(document.node, "kind") == "Gateway"]
    listeners = [listener for gateway in gateways for listener in _items(gateway, "spec", "listeners")]
    return not listeners or any(_text(listener, "protocol") == "HTTPS" for listener in listeners)


def _selects_head(spec: Node, cluster: ClusterContext) -> bool:
    selector = spec.get("selector")
    if selector is None:
        return False
    wanted = selector.plain()
    labels = {"ray.io/cluster": cluster.name, "ray.io/identifier": f"{cluster.name}-head"}
    names_cluster = any(wanted.get(key) == value for key, value in labels.items())
    return names_cluster and wanted.get("ray.io/node-type", "head") == "head"


def _items(node: Node, *path: str) -> tuple[Node, ...]:
    found = node.at(path)
    return found.items if found is not None else ()


def _text(node: Node, *path: str) -> Any:
    found = node.at(path)
    return found.value if found is not None else None
