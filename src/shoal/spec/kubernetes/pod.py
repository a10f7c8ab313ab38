"""Pods: containers and where they may run."""

from typing import Literal

from msgspec import field

from shoal.spec.kubernetes.container import (
    Container,
    EphemeralContainer,
    Profile,
    ResourceRequirements,
    SELinuxOptions,
    WindowsOptions,
)
from shoal.spec.kubernetes.meta import (
    LabelSelector,
    LocalObjectReference,
    Named,
    NameValue,
    NodeSelector,
    NodeSelectorTerm,
    ObjectMeta,
)
from shoal.spec.kubernetes.volumes import Volume
from shoal.spec.quantity import Quantity
from shoal.spec.wire import Int32, Int64, Wire


class Toleration(Wire, frozen=True):
    key: str = ""
    operator: Literal["", "Equal", "Exists", "Gt", "Lt"] = ""
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    toleration_seconds: Int64 | None = None


class PreferredNode(Wire, frozen=True):
    preference: NodeSelectorTerm
    weight: Int32


class NodeAffinity(Wire, frozen=True):
    required: NodeSelector | None = field(default=None, name="requiredDuringSchedulingIgnoredDuringExecution")
    preferred: tuple[PreferredNode, ...] = field(default=(), name="preferredDuringSchedulingIgnoredDuringExecution")


class PodAffinityTerm(Wire, frozen=True):
    topology_key: str
    label_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()
    match_label_keys: tuple[str, ...] = ()
    mismatch_label_keys: tuple[str, ...] = ()


class PreferredPod(Wire, frozen=True):
    pod_affinity_term: PodAffinityTerm
    weight: Int32


class PodAffinity(Wire, frozen=True):
    """Towards pods, or away from them."""

    required: tuple[PodAffinityTerm, ...] = field(default=(), name="requiredDuringSchedulingIgnoredDuringExecution")
    preferred: tuple[PreferredPod, ...] = field(default=(), name="preferredDuringSchedulingIgnoredDuringExecution")


class Affinity(Wire, frozen=True):
    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


class TopologySpreadConstraint(Wire, frozen=True):
    max_skew: Int32
    topology_key: str
    when_unsatisfiable: str
    label_selector: LabelSelector | None = None
    match_label_keys: tuple[str, ...] = ()
    min_domains: Int32 | None = None
    node_affinity_policy: str | None = None
    node_taints_policy: str | None = None


class DNSOption(Wire, frozen=True):
    name: str = ""
    value: str | None = None


class DNSConfig(Wire, frozen=True):
    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[DNSOption, ...] = ()


class HostAlias(Wire, frozen=True):
    ip: str
    hostnames: tuple[str, ...] = ()


class ReadinessGate(Wire, frozen=True):
    condition_type: str


class PodResourceClaim(Wire, frozen=True):
    name: str
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class SchedulingGroup(Wire, frozen=True):
    pod_group_name: str | None = None


class PodSecurityContext(Wire, frozen=True):
    run_as_non_root: bool | None = None
    run_as_user: Int64 | None = None
    run_as_group: Int64 | None = None
    fs_group: Int64 | None = None
    fs_group_change_policy: str | None = None
    supplemental_groups: tuple[Int64, ...] = ()
    supplemental_groups_policy: str | None = None
    sysctls: tuple[NameValue, ...] = ()
    app_armor_profile: Profile | None = None
    seccomp_profile: Profile | None = None
    se_linux_change_policy: str | None = None
    se_linux_options: SELinuxOptions | None = None
    windows_options: WindowsOptions | None = None


class PodSpec(Wire, frozen=True):
    containers: tuple[Container, ...]
    init_containers: tuple[Container, ...] = ()
    ephemeral_containers: tuple[EphemeralContainer, ...] = ()
    volumes: tuple[Volume, ...] = ()
    node_selector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    affinity: Affinity | None = None
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] = ()
    node_name: str = ""
    restart_policy: Literal["", "Always", "OnFailure", "Never"] = ""
    service_account_name: str = ""
    service_account: str = ""
    automount_service_account_token: bool | None = None
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    security_context: PodSecurityContext | None = None
    host_network: bool = False
    host_pid: bool = field(default=False, name="hostPID")
    host_ipc: bool = field(default=False, name="hostIPC")
    host_users: bool | None = None
    hostname: str = ""
    hostname_override: str | None = None
    subdomain: str = ""
    set_hostname_as_fqdn: bool | None = field(default=None, name="setHostnameAsFQDN")
    host_aliases: tuple[HostAlias, ...] = ()
    dns_policy: str = ""
    dns_config: DNSConfig | None = None
    enable_service_links: bool | None = None
    share_process_namespace: bool | None = None
    active_deadline_seconds: Int64 | None = None
    termination_grace_period_seconds: Int64 | None = None
    priority: Int32 | None = None
    priority_class_name: str = ""
    preemption_policy: str | None = None
    runtime_class_name: str | None = None
    scheduler_name: str = ""
    scheduling_gates: tuple[Named, ...] = ()
    scheduling_group: SchedulingGroup | None = None
    readiness_gates: tuple[ReadinessGate, ...] = ()
    resource_claims: tuple[PodResourceClaim, ...] = ()
    resources: ResourceRequirements | None = None
    overhead: dict[str, Quantity] = {}
    os: Named | None = None

    @property
    def ray_resources(self) -> ResourceRequirements:
        """Of the container that runs Ray, the first; what it doesn't say, the whole pod's."""
        pod = self.resources or ResourceRequirements()
        ray = self.containers[0].resources or ResourceRequirements()
        return ResourceRequirements(pod.limits | ray.limits, pod.requests | ray.requests)


class PodTemplateSpec(Wire, frozen=True):
    metadata: ObjectMeta = ObjectMeta()
    spec: PodSpec | None = None
