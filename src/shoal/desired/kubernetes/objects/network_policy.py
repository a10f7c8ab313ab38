"""Who may talk to a cluster's pods, and to whom they may talk."""

from collections.abc import Sequence
from typing import Any

from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes import names
from shoal.desired.kubernetes.labels import CLUSTER, FROM_KIND, FROM_NAME, GROUP, NODE_TYPE
from shoal.desired.kubernetes.objects.labels import common
from shoal.desired.kubernetes.objects.manifest import manifest
from shoal.desired.kubernetes.ports import (
    METRICS,
    SERVE,
    dashboard_port,
    gcs_port,
    head_ports,
    metrics_port,
    serve_ports,
)
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.kubernetes.service import ServiceSpec
from shoal.spec.ray_start import HEAD_PORT_OF
from shoal.spec.raycluster import RayCluster

NAMESPACE_NAME = "kubernetes.io/metadata.name"
DNS_NAMESPACES = ("kube-system", "openshift-dns")
DNS_ON_NODES = "169.254.20.10/32"
"""Where NodeLocal DNSCache listens on every machine."""
DNS_PORTS = (53, 5353)
OUTWARD = ("NodePort", "LoadBalancer")
Rule = dict[str, Any]


def network_policies(cluster: RayCluster, raw: dict[str, Any], settings: Settings) -> tuple[DesiredObject, ...]:
    """Those that ``networkPolicy`` asks for; else, under profile ``secure``, one that closes the cluster to strangers.

    raw: the cluster's spec. The machine of a pod always gets through, and with it probes, exec and port-forward.
    """
    if cluster.spec.network_policy is not None:
        return _asked_for(cluster, raw["networkPolicy"], settings)
    return (_by_default(cluster, settings),) if settings.secure else ()


def _by_default(cluster: RayCluster, settings: Settings) -> DesiredObject:
    """Let in are the cluster's own pods, the operator, submitters of RayJobs, and whoever reads metrics. What the
    manifest itself puts outside, Ray Serve and the ways to the dashboard, is open to all; the GCS never is."""
    submitters = {"podSelector": {"matchLabels": {FROM_KIND: "RayJob"}}}
    ingress = [
        _from([_own(cluster)], ()),
        _operator(cluster, settings),
        _from([submitters], [dashboard_port(cluster)]),
        _from([{"namespaceSelector": {}}], [metrics_port(cluster)]),
    ]
    outside = _open_ports(cluster)
    if outside:
        ingress.append({"ports": _tcp(outside)})
    return _policy(cluster, cluster.metadata.name, {}, {"policyTypes": ["Ingress"], "ingress": ingress})


def _open_ports(cluster: RayCluster) -> list[int]:
    head, ports = cluster.spec.head_group_spec, head_ports(cluster)
    service = head.head_service.spec if head.head_service is not None else ServiceSpec()
    opened = {port.number for port in serve_ports(cluster)}
    if cluster.metadata.labels.get(FROM_KIND) == "RayService":
        opened |= {port.number for port in ports if port.name == SERVE}
    if (service.type or head.service_type) in OUTWARD:
        opened |= {port.number for port in ports if HEAD_PORT_OF.get(port.name) != "gcs" and port.name != METRICS}
        opened |= {target for port in service.ports if isinstance(target := port.target_port or port.port, int)}
    if head.enable_ingress:
        opened.add(dashboard_port(cluster))
    return sorted(opened)


def _asked_for(cluster: RayCluster, options: dict[str, Any], settings: Settings) -> tuple[DesiredObject, ...]:
    """One for the head and one for each worker group, by the names that KubeRay gives them."""
    name = cluster.metadata.name
    mode = options.get("mode") or "DenyAll"
    head, worker = options.get("head") or {}, options.get("worker") or {}
    groups = {group["groupName"]: group for group in options.get("workerGroups") or ()}
    asking = [_operator(cluster, settings), *_job(cluster)]
    rules = _rules(cluster, mode, asking, head)
    policies = [_policy(cluster, names.head_policy(name), {NODE_TYPE: "head"}, rules)]
    for group in cluster.spec.worker_group_specs:
        selected = {NODE_TYPE: "worker", GROUP: group.group_name}
        # A group's own rules stand in place of those of all workers, as in KubeRay.
        rules = _rules(cluster, mode, (), groups.get(group.group_name, worker))
        policies.append(_policy(cluster, names.workers_policy(name, group.group_name), selected, rules))
    return tuple(policies)


def _rules(cluster: RayCluster, mode: str, ingress: Sequence[Rule], given: dict[str, Any]) -> dict[str, Any]:
    types: list[str] = []
    rules: dict[str, Any] = {"policyTypes": types}
    if mode in ("DenyAll", "DenyAllIngress"):
        types.append("Ingress")
        rules["ingress"] = [_from([_own(cluster)], ()), *ingress, *(given.get("ingressRules") or ())]
    if mode in ("DenyAll", "DenyAllEgress"):
        types.append("Egress")
        rules["egress"] = [{"to": [_own(cluster)]}, _names_are_looked_up(), *(given.get("egressRules") or ())]
    return rules


def _names_are_looked_up() -> Rule:
    """Workers find the head by its name, so without DNS no cluster ever starts."""
    servers = {"matchExpressions": [{"key": NAMESPACE_NAME, "operator": "In", "values": list(DNS_NAMESPACES)}]}
    ports = [{"port": port, "protocol": protocol} for port in DNS_PORTS for protocol in ("UDP", "TCP")]
    return {"to": [{"namespaceSelector": servers}, {"ipBlock": {"cidr": DNS_ON_NODES}}], "ports": ports}


def _operator(cluster: RayCluster, settings: Settings) -> Rule:
    """It asks the head's GCS who is alive, and nobody else anything."""
    operator = {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: settings.operator_namespace}}}
    return _from([operator], [gcs_port(cluster)])


def _job(cluster: RayCluster) -> list[Rule]:
    """The pod that submits for the RayJob which owns the cluster."""
    owner = next((owner for owner in cluster.metadata.owner_references if owner.kind == "RayJob"), None)
    if owner is None:
        return []
    submitter = {"podSelector": {"matchLabels": {FROM_KIND: "RayJob", FROM_NAME: owner.name}}}
    return [_from([submitter], [dashboard_port(cluster)])]


def _from(peers: list[Rule], ports: Sequence[int]) -> Rule:
    rule: Rule = {"from": peers}
    return rule | {"ports": _tcp(ports)} if ports else rule


def _tcp(ports: Sequence[int]) -> list[dict[str, Any]]:
    return [{"port": port, "protocol": "TCP"} for port in ports]


def _own(cluster: RayCluster) -> Rule:
    return {"podSelector": {"matchLabels": {CLUSTER: cluster.metadata.name}}}


def _policy(cluster: RayCluster, name: str, selected: dict[str, str], rules: dict[str, Any]) -> DesiredObject:
    selector = {"matchLabels": {CLUSTER: cluster.metadata.name, **selected}}
    spec = {"podSelector": selector, **rules}
    return manifest("NetworkPolicy", name, common(cluster), {"spec": spec}, api="networking.k8s.io/v1")
