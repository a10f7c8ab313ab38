"""Services, ingresses' TLS and network policy rules."""

from typing import Literal

from msgspec import field

from shoal.spec.kubernetes.meta import Condition, IPBlock, LabelSelector, ObjectMeta
from shoal.spec.wire import Int32, IntOrString, Port, Wire


class ServicePort(Wire, frozen=True):
    port: Port
    name: str = ""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    target_port: IntOrString | None = None
    node_port: Int32 | None = None
    app_protocol: str | None = None


class ClientIPConfig(Wire, frozen=True):
    timeout_seconds: Int32 | None = None


class SessionAffinityConfig(Wire, frozen=True):
    client_ip: ClientIPConfig | None = field(default=None, name="clientIP")


class ServiceSpec(Wire, frozen=True):
    type: Literal["", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] = ""
    ports: tuple[ServicePort, ...] = ()
    selector: dict[str, str] = {}
    cluster_ip: str = field(default="", name="clusterIP")
    cluster_ips: tuple[str, ...] = field(default=(), name="clusterIPs")
    external_ips: tuple[str, ...] = field(default=(), name="externalIPs")
    external_name: str = ""
    external_traffic_policy: str = ""
    internal_traffic_policy: str | None = None
    traffic_distribution: str | None = None
    health_check_node_port: Int32 | None = None
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str | None = None
    load_balancer_class: str | None = None
    load_balancer_ip: str = field(default="", name="loadBalancerIP")
    load_balancer_source_ranges: tuple[str, ...] = ()
    allocate_load_balancer_node_ports: bool | None = None
    publish_not_ready_addresses: bool = False
    session_affinity: str = ""
    session_affinity_config: SessionAffinityConfig | None = None


class PortStatus(Wire, frozen=True):
    port: Int32
    protocol: str
    error: str | None = None


class LoadBalancerIngress(Wire, frozen=True):
    hostname: str = ""
    ip: str = ""
    ip_mode: str | None = None
    ports: tuple[PortStatus, ...] = ()


class LoadBalancerStatus(Wire, frozen=True):
    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(Wire, frozen=True):
    conditions: tuple[Condition, ...] = ()
    load_balancer: LoadBalancerStatus | None = None


class Service(Wire, frozen=True):
    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = ObjectMeta()
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus | None = None


class IngressTLS(Wire, frozen=True):
    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class NetworkPolicyPort(Wire, frozen=True):
    port: IntOrString | None = None
    end_port: Int32 | None = None
    protocol: str | None = None


class NetworkPolicyPeer(Wire, frozen=True):
    ip_block: IPBlock | None = None
    namespace_selector: LabelSelector | None = None
    pod_selector: LabelSelector | None = None


class EgressRule(Wire, frozen=True):
    ports: tuple[NetworkPolicyPort, ...] = ()
    to: tuple[NetworkPolicyPeer, ...] = ()


class IngressRule(Wire, frozen=True):
    ports: tuple[NetworkPolicyPort, ...] = ()
    sources: tuple[NetworkPolicyPeer, ...] = field(default=(), name="from")
