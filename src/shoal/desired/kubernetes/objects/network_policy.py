"""Who may talk to a cluster's pods, and to whom they may talk."""

from collections.abc import Sequence
from typing import Any

from shoal.desired.cluster import DesiredObject
from shoal.desired.from_raycluster import groups_of, pod_of
from shoal.desired.kubernetes import names
from shoal.desired.kubernetes.labels import CLUSTER, FROM_KIND, FROM_NAME, GROUP, NODE_TYPE
from shoal.desired.kubernetes.objects.labels import common
from shoal.desired.kubernetes.objects.manifest import manifest
from shoal.desired.kubernetes.objects.network_rules import Rule, let_in, names_are_looked_up, operator, own_pods, tcp
from shoal.desired.kubernetes.ports import (
    SERVE,
    dashboard_port,
    gcs_port,
    head_ports,
    is_of_metrics,
    metrics_ports,
    serve_ports,
)
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.kubernetes.service import ServiceSpec
from shoal.spec.ray_start import HEAD_PORT_OF
from shoal.spec.raycluster import RayCluster

OUTWARD = ("NodePort", "LoadBalancer")
CLOSE_THE_WAY_IN = ("DenyAll", "DenyAllIngress")
CLOSE_THE_WAY_OUT = ("DenyAll", "DenyAllEgress")


def network_policies(cluster: RayCluster, raw: dict[str, Any], settings: Settings) -> tuple[DesiredObject, ...]:
    """Those that ``networkPolicy`` asks for and, unless these close the way in, under profile ``secure`` one that
    closes it to strangers.

    raw: the cluster's spec. The machine of a pod always gets through, and with it probes, exec and port-forward.
    """
    options = cluster.spec.network_policy
    asked = () if options is None else _asked_for(cluster, raw["networkPolicy"], settings)
    is_closed = options is not None and options.mode in CLOSE_THE_WAY_IN
    if is_closed or not settings.secure or _is_on_machines_network(cluster):
        return asked
    return (*asked, _by_default(cluster, settings))


def _is_on_machines_network(cluster: RayCluster) -> bool:
    """Whether some of its pods come from their machines' addresses, where no policy knows them: they would be kept out
    as strangers are."""
    return any(pod_of(group.template).host_network for group in groups_of(cluster))


def _by_default(cluster: RayCluster, settings: Settings) -> DesiredObject:
    """Let in are the cluster's own pods, the operator, submitters of RayJobs, and whoever reads metrics. What the
    manifest itself puts outside, Ray Serve and the ways to the dashboard, is open to all; the GCS never is."""
    submitters = {"podSelector": {"matchLabels": {FROM_KIND: "RayJob"}}}
    ingress = [
        let_in([own_pods(cluster)], None),
        operator(cluster, settings),
        let_in([submitters], [dashboard_port(cluster)]),
    ]
    gcs = gcs_port(cluster)
    if metrics := sorted(metrics_ports(cluster) - {gcs}):
        ingress.append(let_in([{"namespaceSelector": {}}], metrics))
    if outside := sorted(_open_ports(cluster) - {gcs}):
        ingress.append({"ports": tcp(outside)})
    return _policy(cluster, cluster.metadata.name, {}, {"policyTypes": ["Ingress"], "ingress": ingress})


def _open_ports(cluster: RayCluster) -> set[int]:
    head, ports = cluster.spec.head_group_spec, head_ports(cluster)
    service = head.head_service.spec if head.head_service is not None else ServiceSpec()
    opened = {port.number for port in serve_ports(cluster)}
    if cluster.metadata.labels.get(FROM_KIND) == "RayService":
        opened |= {port.number for port in ports if port.name == SERVE}
    if (service.type or head.service_type) in OUTWARD:
        named = [port for port in ports if HEAD_PORT_OF.get(port.name) != "gcs" and not is_of_metrics(port.name)]
        opened |= {port.number for port in named}
        opened |= {target for port in service.ports if isinstance(target := port.target_port or port.port, int)}
    if head.enable_ingress:
        opened.add(dashboard_port(cluster))
    return opened


def _asked_for(cluster: RayCluster, options: dict[str, Any], settings: Settings) -> tuple[DesiredObject, ...]:
    """One for the head and one for each worker group, by the names that KubeRay gives them."""
    name = cluster.metadata.name
    mode = options.get("mode") or "DenyAll"
    head, worker = options.get("head") or {}, options.get("worker") or {}
    groups = {group["groupName"]: group for group in options.get("workerGroups") or ()}
    asking = [operator(cluster, settings), *_job(cluster)]
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
    if mode in CLOSE_THE_WAY_IN:
        types.append("Ingress")
        rules["ingress"] = [let_in([own_pods(cluster)], None), *ingress, *(given.get("ingressRules") or ())]
    if mode in CLOSE_THE_WAY_OUT:
        types.append("Egress")
        rules["egress"] = [{"to": [own_pods(cluster)]}, *names_are_looked_up(), *(given.get("egressRules") or ())]
    return rules


def _job(cluster: RayCluster) -> list[Rule]:
    """The pod that submits for the RayJob which owns the cluster."""
    owner = next((owner for owner in cluster.metadata.owner_references if owner.kind == "RayJob"), None)
    if owner is None:
        return []
    submitter = {"podSelector": {"matchLabels": {FROM_KIND: "RayJob", FROM_NAME: owner.name}}}
    return [let_in([submitter], [dashboard_port(cluster)])]


def _policy(cluster: RayCluster, name: str, selected: dict[str, str], rules: dict[str, Any]) -> DesiredObject:
    selector = {"matchLabels": {CLUSTER: cluster.metadata.name, **selected}}
    spec = {"podSelector": selector, **rules}
    return manifest("NetworkPolicy", name, common(cluster), {"spec": spec}, api="networking.k8s.io/v1")
