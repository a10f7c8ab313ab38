"""RayCluster, ``ray.io/v1`` and ``v1alpha1`` (whose fields are a subset)."""

from typing import Literal

from msgspec import field

from shoal.spec.kubernetes.container import (
    EnvFromSource,
    EnvVar,
    EnvVarSource,
    ResourceRequirements,
    SecurityContext,
    VolumeMount,
)
from shoal.spec.kubernetes.meta import Condition, ObjectMeta
from shoal.spec.kubernetes.pod import PodTemplateSpec
from shoal.spec.kubernetes.service import EgressRule, IngressRule, IngressTLS, Service
from shoal.spec.quantity import Quantity
from shoal.spec.wire import Count, Int32, Int64, Name, Time, Wire

HEAD_GROUP = "headgroup"
"""What the group of the head is called; Ray's autoscaler knows it by that."""


class IngressOptions(Wire, frozen=True):
    host: str = ""
    path: str = ""
    path_type: Literal["", "Exact", "Prefix", "ImplementationSpecific"] = ""
    tls: tuple[IngressTLS, ...] = ()


class HeadGroupSpec(Wire, frozen=True):
    """The head of the cluster.

    ray_start_params: options of ``ray start`` without the dashes, as strings; they override what the template says.
    resources, labels: Ray's, not Kubernetes'.
    """

    template: PodTemplateSpec
    ray_start_params: dict[str, str] = {}
    resources: dict[str, str] = {}
    labels: dict[str, str] = {}
    service_type: Literal["", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] = ""
    head_service: Service | None = None
    enable_ingress: bool = False
    ingress_options: IngressOptions | None = None


class ScaleStrategy(Wire, frozen=True):
    workers_to_delete: tuple[str, ...] = ()


class WorkerGroupSpec(Wire, frozen=True):
    """A group of like workers.

    replicas: None leaves the number to min_replicas (and to the autoscaler).
    num_of_hosts: pods a replica, above 1 for multi-host TPU slices.
    """

    group_name: Name
    template: PodTemplateSpec
    replicas: Count | None = None
    min_replicas: Count = 0
    max_replicas: Count = 2**31 - 1
    num_of_hosts: Count = 1
    ray_start_params: dict[str, str] = {}
    resources: dict[str, str] = {}
    labels: dict[str, str] = {}
    idle_timeout_seconds: Count | None = None
    priority: Int32 = 0
    scale_strategy: ScaleStrategy = ScaleStrategy()
    suspend: bool = False


class AutoscalerOptions(Wire, frozen=True):
    """idle_timeout_seconds: None is Ray's 60."""

    version: Literal["v1", "v2"] | None = None
    idle_timeout_seconds: Count | None = None
    upscaling_mode: Literal["Default", "Aggressive", "Conservative"] | None = None
    image: str = ""
    image_pull_policy: Literal["", "Always", "IfNotPresent", "Never"] = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFromSource, ...] = ()
    resources: ResourceRequirements | None = None
    security_context: SecurityContext | None = None
    volume_mounts: tuple[VolumeMount, ...] = ()


class RedisCredential(Wire, frozen=True):
    value: str = ""
    value_from: EnvVarSource | None = None


class GcsStorage(Wire, frozen=True):
    """The volume that holds the embedded GCS store."""

    size: Quantity | None = None
    access_modes: tuple[str, ...] = ()
    claim_name: str = ""
    deletion_policy: Literal["", "DeleteWithCluster", "Retain"] = ""
    storage_class_name: str | None = None
    sub_path: str = ""


class GcsFaultToleranceOptions(Wire, frozen=True):
    backend: Literal["", "redis", "rocksdb"] = ""
    redis_address: str = ""
    redis_username: RedisCredential | None = None
    redis_password: RedisCredential | None = None
    external_storage_namespace: str = ""
    storage: GcsStorage | None = None


class AuthOptions(Wire, frozen=True):
    mode: Literal["", "disabled", "token"] = ""
    secret_name: str = ""
    enable_k8s_token_auth: bool = field(default=False, name="enableK8sTokenAuth")


class TlsOptions(Wire, frozen=True):
    enabled: bool | None = None


class NetworkRules(Wire, frozen=True):
    """What one kind of node may talk to, beside its own cluster."""

    egress_rules: tuple[EgressRule, ...] = ()
    ingress_rules: tuple[IngressRule, ...] = ()


class WorkerGroupNetworkRules(Wire, frozen=True):
    group_name: Name
    egress_rules: tuple[EgressRule, ...] = ()
    ingress_rules: tuple[IngressRule, ...] = ()


class NetworkPolicyOptions(Wire, frozen=True):
    mode: Literal["DenyAll", "DenyAllIngress", "DenyAllEgress"] = "DenyAll"
    head: NetworkRules | None = None
    worker: NetworkRules | None = None
    worker_groups: tuple[WorkerGroupNetworkRules, ...] = ()


class UpgradeStrategy(Wire, frozen=True):
    """What a changed spec does to pods that run. RollingUpdate: not in KubeRay."""

    type: Literal["", "Recreate", "RollingUpdate", "None"] = ""


class IdleTerminationOptions(Wire, frozen=True):
    """What to do with a cluster that has been idle for that long."""

    timeout_seconds: Count | None = None
    policy: str = ""


class CollectorOptions(Wire, frozen=True):
    image: str = ""
    image_pull_policy: Literal["", "Always", "IfNotPresent", "Never"] = ""
    env: tuple[EnvVar, ...] = ()
    resources: ResourceRequirements | None = None


class HistoryServerOptions(Wire, frozen=True):
    collector_options: CollectorOptions | None = None


class RayClusterSpec(Wire, frozen=True):
    head_group_spec: HeadGroupSpec
    worker_group_specs: tuple[WorkerGroupSpec, ...] = ()
    ray_version: str = ""
    enable_in_tree_autoscaling: bool = False
    autoscaler_options: AutoscalerOptions | None = None
    gcs_fault_tolerance_options: GcsFaultToleranceOptions | None = None
    auth_options: AuthOptions | None = None
    tls_options: TlsOptions | None = None
    network_policy: NetworkPolicyOptions | None = None
    upgrade_strategy: UpgradeStrategy | None = None
    idle_termination_options: IdleTerminationOptions | None = None
    history_server_options: HistoryServerOptions | None = None
    head_service_annotations: dict[str, str] = {}
    suspend: bool = False
    idle_suspend: bool = False
    managed_by: str | None = None


class HeadInfo(Wire, frozen=True):
    pod_ip: str = field(default="", name="podIP")
    pod_name: str = ""
    service_ip: str = field(default="", name="serviceIP")
    service_name: str = ""


class RayClusterStatus(Wire, frozen=True):
    state: str = ""
    reason: str = ""
    conditions: tuple[Condition, ...] = ()
    head: HeadInfo | None = None
    endpoints: dict[str, str] = {}
    desired_worker_replicas: Int32 = 0
    ready_worker_replicas: Int32 = 0
    available_worker_replicas: Int32 = 0
    min_worker_replicas: Int32 = 0
    max_worker_replicas: Int32 = 0
    desired_cpu: Quantity | None = field(default=None, name="desiredCPU")
    desired_gpu: Quantity | None = field(default=None, name="desiredGPU")
    desired_tpu: Quantity | None = field(default=None, name="desiredTPU")
    desired_memory: Quantity | None = None
    last_update_time: Time | None = None
    state_transition_times: dict[str, Time] = {}
    observed_generation: Int64 | None = None


class RayCluster(Wire, frozen=True):
    api_version: str
    kind: Literal["RayCluster"]
    metadata: ObjectMeta
    spec: RayClusterSpec
    status: RayClusterStatus | None = None
