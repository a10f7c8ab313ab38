"""The parts of which NetworkPolicies are made: who gets in, and to whom all have to get out."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from shoal.desired.kubernetes.labels import CLUSTER
from shoal.desired.kubernetes.ports import gcs_port
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.raycluster import RayCluster

NAMESPACE_NAME = "kubernetes.io/metadata.name"
DNS_NAMESPACES = ("kube-system", "openshift-dns")
DNS_ON_NODES = "169.254.20.10/32"
"""Where NodeLocal DNSCache listens on every machine."""
DNS_OF_GKE = "169.254.169.254/32"
"""Where pods ask Cloud DNS. At another port of that address are the credentials of the machine."""
DNS_PORT, DNS_PORT_OF_OPENSHIFT = 53, 5353
Rule: TypeAlias = dict[str, Any]


def let_in(peers: list[Rule], ports: Iterable[int] | None) -> Rule:
    """ports: None for all, of any protocol."""
    rule: Rule = {"from": peers}
    return rule if ports is None else rule | {"ports": tcp(ports)}


def tcp(ports: Iterable[int]) -> list[Rule]:
    """The ports in this order."""
    return [{"port": port, "protocol": "TCP"} for port in ports]


def own_pods(cluster: RayCluster) -> Rule:
    """Head and workers."""
    return {"podSelector": {"matchLabels": {CLUSTER: cluster.metadata.name}}}


def operator(cluster: RayCluster, settings: Settings) -> Rule:
    """It asks the head's GCS who is alive, and nobody else anything."""
    pods = {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: settings.operator_namespace}}}
    return let_in([pods], [gcs_port(cluster)])


def names_are_looked_up() -> tuple[Rule, ...]:
    """Workers find the head by its name, so without DNS no cluster ever starts."""
    servers = {"matchExpressions": [{"key": NAMESPACE_NAME, "operator": "In", "values": list(DNS_NAMESPACES)}]}
    pods_or_node = [{"namespaceSelector": servers}, {"ipBlock": {"cidr": DNS_ON_NODES}}]
    return (
        {"to": pods_or_node, "ports": [*_dns(DNS_PORT), *_dns(DNS_PORT_OF_OPENSHIFT)]},
        {"to": [{"ipBlock": {"cidr": DNS_OF_GKE}}], "ports": _dns(DNS_PORT)},
    )


def _dns(port: int) -> list[Rule]:
    return [{"port": port, "protocol": protocol} for protocol in ("UDP", "TCP")]
