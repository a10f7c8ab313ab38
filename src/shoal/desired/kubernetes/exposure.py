"""The way from outside that ``shoal expose`` makes: with TLS, to a cluster that asks for a token, or none at all."""

from collections.abc import Iterable
from typing import Any

from shoal.desired.cluster import DesiredObject, Role
from shoal.desired.kubernetes import names
from shoal.desired.kubernetes.controllers import GKE_CLASSES, annotations_for
from shoal.desired.kubernetes.entrance import Entrance, Seen
from shoal.desired.kubernetes.gateways import DashboardUnencrypted, Gateway, listener_for
from shoal.desired.kubernetes.labels import CLUSTER, NODE_TYPE
from shoal.desired.kubernetes.objects.labels import identified, of_head
from shoal.desired.kubernetes.objects.manifest import manifest
from shoal.desired.kubernetes.objects.network_rules import let_in, own_pods, tcp
from shoal.desired.kubernetes.ports import dashboard_port, serve_port
from shoal.errors import InputError
from shoal.spec.ray_version import knows_tokens
from shoal.spec.raycluster import RayCluster

EXPOSURE = "shoal.dev/exposure"
"""Label of all that is made here. The operator leaves alone what bears no digest of its own, and so these."""


class DashboardUnprotected(InputError):
    """The dashboard takes jobs, so whoever reaches it runs code in the cluster. This one asks nobody for a token, so it
    is not exposed.

    Add `authOptions: {mode: token}` to the RayCluster, wait until its pods are new, and expose it again. Ray knows
    tokens since 2.52; an older one ignores the setting. The head is asked once without a token, and only if it answers
    401 or 403 is it exposed. For yourself alone `shoal connect NAME` needs no exposure at all.
    """

    code = "E748"


def exposure(cluster: RayCluster, entrance: Entrance, seen: Seen) -> tuple[DesiredObject, ...]:
    """The manifests: a Service, an Ingress or HTTPRoute, and a NetworkPolicy where one is in the way.

    Raises DashboardUnprotected, DashboardUnencrypted, GatewayClosed.
    """
    if not seen.asks_for_token:
        raise _unprotected(cluster.metadata.name, seen.ray_version)
    gateway, hosts = entrance.gateway, _hosts(cluster, entrance)
    if gateway is None:
        ways = [_ingress(cluster, entrance, seen.controller or "")]
    else:
        ways = [_route(cluster, gateway, seen, host, port) for host, port in hosts.items()]
    policy = (_policy(cluster, hosts.values()),) if seen.is_closed else ()
    return (_service(cluster, hosts.values()), *ways, *policy)


def _unprotected(name: str, ray_version: str) -> DashboardUnprotected:
    if knows_tokens(ray_version):
        what, step = f"the dashboard of {name} asks for no token", "add `authOptions: {mode: token}` to its spec"
    else:
        what, step = f"{name} runs Ray {ray_version}, which knows no tokens", "use an image of Ray 2.52 or newer"
    return DashboardUnprotected(what, next_step=step)


def _hosts(cluster: RayCluster, entrance: Entrance) -> dict[str, int]:
    """The port behind each host."""
    served = {entrance.serve_host: serve_port(cluster)} if entrance.serve_host else {}
    return {entrance.host: dashboard_port(cluster), **served}


def _service(cluster: RayCluster, ports: Iterable[int]) -> DesiredObject:
    """The head's own Service has no address, which many controllers can't route to, and more ports than are meant."""
    spec = {"selector": of_head(cluster), "ports": [{"name": f"port-{port}", "port": port} for port in sorted(ports)]}
    return manifest("Service", _name(cluster), _labels(cluster), {"spec": spec})


def _ingress(cluster: RayCluster, entrance: Entrance, controller: str) -> DesiredObject:
    if not entrance.tls_secret:
        raise DashboardUnencrypted(
            f"no certificate is given for {entrance.host}", next_step="give a Secret of type kubernetes.io/tls by --tls"
        )
    hosts = _hosts(cluster, entrance)
    spec: dict[str, Any] = {
        "tls": [{"hosts": list(hosts), "secretName": entrance.tls_secret}],
        "rules": [{"host": host, "http": {"paths": [_path(cluster, port)]}} for host, port in hosts.items()],
    }
    if entrance.ingress_class and entrance.ingress_class not in GKE_CLASSES:
        spec["ingressClassName"] = entrance.ingress_class
    api, annotations = "networking.k8s.io/v1", annotations_for(entrance.ingress_class, controller)
    return manifest("Ingress", _name(cluster), _labels(cluster), {"spec": spec}, api=api, annotations=annotations)


def _path(cluster: RayCluster, port: int) -> dict[str, Any]:
    service = {"name": _name(cluster), "port": {"number": port}}
    return {"path": "/", "pathType": "Prefix", "backend": {"service": service}}


def _route(cluster: RayCluster, gateway: Gateway, seen: Seen, host: str, port: int) -> DesiredObject:
    meta, listener = gateway.metadata, listener_for(gateway, host, cluster.metadata.namespace)
    # The listener is named, so that none without TLS takes the route up.
    parent = {"name": meta.name, "namespace": meta.namespace, "sectionName": listener.name}
    spec = {"parentRefs": [parent], "hostnames": [host], "rules": [_rule(cluster, port) | _unlimited(seen)]}
    api = "gateway.networking.k8s.io/v1"
    return manifest("HTTPRoute", f"{_name(cluster)}-{port}", _labels(cluster), {"spec": spec}, api=api)


def _rule(cluster: RayCluster, port: int) -> dict[str, Any]:
    match = {"path": {"type": "PathPrefix", "value": "/"}}
    backend = {"name": _name(cluster), "port": port}
    return {"matches": [match], "backendRefs": [backend]}


def _unlimited(seen: Seen) -> dict[str, Any]:
    """Zero is no limit: a log is followed for as long as its job runs, where controllers have 15 seconds for an answer.
    A Gateway API before v1.2 refuses a route that says so."""
    return {"timeouts": {"request": "0s"}} if seen.has_timeouts else {}


def _policy(cluster: RayCluster, ports: Iterable[int]) -> DesiredObject:
    """Policies add up, so this one opens what another keeps closed. The cluster's own pods are let in as well: should
    the other one go, this would be all there is, and without them it would end the cluster."""
    selector = {"matchLabels": {CLUSTER: cluster.metadata.name, NODE_TYPE: str(Role.HEAD)}}
    ingress = [{"ports": tcp(sorted(ports))}, let_in([own_pods(cluster)], None)]
    spec = {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": ingress}
    api = "networking.k8s.io/v1"
    return manifest("NetworkPolicy", _name(cluster), _labels(cluster), {"spec": spec}, api=api)


def _labels(cluster: RayCluster) -> dict[str, str]:
    return identified(cluster) | {EXPOSURE: "true"}


def _name(cluster: RayCluster) -> str:
    return names.check_name(f"{cluster.metadata.name}-exposed")
