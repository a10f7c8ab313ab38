"""RayService."""

from typing import Literal

from msgspec import field

from shoal.spec.kubernetes.meta import Condition, ObjectMeta
from shoal.spec.kubernetes.service import Service
from shoal.spec.raycluster import RayClusterSpec, RayClusterStatus
from shoal.spec.wire import Count, Int32, Int64, Time, Wire


class ClusterUpgradeOptions(Wire, frozen=True):
    """Traffic moves by ``step_size_percent`` every ``interval_seconds``."""

    gateway_class_name: str
    interval_seconds: Count
    step_size_percent: Count
    max_surge_percent: Count = 100


class RayServiceUpgradeStrategy(Wire, frozen=True):
    type: str | None = None
    cluster_upgrade_options: ClusterUpgradeOptions | None = None


class RayServiceSpec(Wire, frozen=True):
    """Serve applications (``serve_config_v2``, YAML text) on a cluster of their own."""

    ray_cluster_spec: RayClusterSpec = field(name="rayClusterConfig")
    serve_config_v2: str = field(default="", name="serveConfigV2")
    serve_service: Service | None = None
    upgrade_strategy: RayServiceUpgradeStrategy | None = None
    exclude_head_pod_from_serve_svc: bool = False
    ray_cluster_deletion_delay_seconds: Count | None = None
    service_unhealthy_second_threshold: Int32 | None = None
    deployment_unhealthy_second_threshold: Int32 | None = None
    suspend: bool = False
    managed_by: str | None = None


class ServeDeploymentStatus(Wire, frozen=True):
    status: str = ""
    message: str = ""
    health_last_update_time: Time | None = None


class ApplicationStatus(Wire, frozen=True):
    status: str = ""
    message: str = ""
    health_last_update_time: Time | None = None
    serve_deployment_statuses: dict[str, ServeDeploymentStatus] = {}


class ServiceClusterStatus(Wire, frozen=True):
    """Of the cluster that serves, or of the one that is to take over."""

    ray_cluster_name: str = ""
    ray_cluster_status: RayClusterStatus | None = None
    application_statuses: dict[str, ApplicationStatus] = {}
    target_capacity: Int32 | None = None
    traffic_routed_percent: Int32 | None = None
    last_traffic_migrated_time: Time | None = None


class RayServiceStatus(Wire, frozen=True):
    service_status: str = ""
    active_service_status: ServiceClusterStatus | None = None
    pending_service_status: ServiceClusterStatus | None = None
    conditions: tuple[Condition, ...] = ()
    num_serve_endpoints: Int32 = 0
    last_update_time: Time | None = None
    observed_generation: Int64 | None = None


class RayService(Wire, frozen=True):
    api_version: str
    kind: Literal["RayService"]
    metadata: ObjectMeta
    spec: RayServiceSpec
    status: RayServiceStatus | None = None
