"""RayJob and RayCronJob."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, field

from shoal.spec.kubernetes.meta import ObjectMeta
from shoal.spec.kubernetes.pod import PodTemplateSpec
from shoal.spec.raycluster import RayClusterSpec, RayClusterStatus
from shoal.spec.wire import Count, Int32, Int64, Name, Time, Wire

Deletion: TypeAlias = Literal["DeleteCluster", "DeleteWorkers", "DeleteSelf", "DeleteNone"]


class DeletionPolicy(Wire, frozen=True):
    policy: Deletion | None = None


class DeletionCondition(Wire, frozen=True):
    """When a deletion rule applies: ``ttl_seconds`` after the job reached the status."""

    job_status: Literal["SUCCEEDED", "FAILED"] | None = None
    job_deployment_status: Literal["Failed"] | None = None
    ttl_seconds: Count = 0


class DeletionRule(Wire, frozen=True):
    condition: DeletionCondition
    policy: Deletion


class DeletionStrategy(Wire, frozen=True):
    deletion_rules: tuple[DeletionRule, ...] = ()
    on_success: DeletionPolicy | None = None
    on_failure: DeletionPolicy | None = None


class SubmitterConfig(Wire, frozen=True):
    backoff_limit: Int32 | None = None


class RayJobSpec(Wire, frozen=True):
    """A command to run once, on a cluster of its own or (``cluster_selector``) an existing one."""

    entrypoint: str = ""
    ray_cluster_spec: RayClusterSpec | None = None
    cluster_selector: dict[str, str] = {}
    submission_mode: str = "K8sJobMode"
    runtime_env_yaml: str = field(default="", name="runtimeEnvYAML")
    metadata: dict[str, str] = {}
    job_id: str = ""
    entrypoint_num_cpus: float = 0.0
    entrypoint_num_gpus: float = 0.0
    entrypoint_resources: str = ""
    submitter_pod_template: PodTemplateSpec | None = None
    submitter_config: SubmitterConfig | None = None
    backoff_limit: Count = 0
    active_deadline_seconds: Int32 | None = None
    pre_running_deadline_seconds: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    shutdown_after_job_finishes: bool = False
    ttl_seconds_after_finished: Count = 0
    deletion_strategy: DeletionStrategy | None = None
    suspend: bool = False
    managed_by: str | None = None


class RayJobInfo(Wire, frozen=True):
    start_time: Time | None = None
    end_time: Time | None = None


class RayJobStatus(Wire, frozen=True):
    job_id: str = ""
    job_status: str = ""
    job_deployment_status: str = ""
    reason: str = ""
    message: str = ""
    ray_cluster_name: str = ""
    ray_cluster_status: RayClusterStatus | None = None
    ray_job_info: RayJobInfo | None = None
    dashboard_url: str = field(default="", name="dashboardURL")
    start_time: Time | None = None
    end_time: Time | None = None
    job_status_check_failure_start_time: Time | None = None
    succeeded: Int32 = 0
    failed: Int32 = 0
    observed_generation: Int64 | None = None


class RayJob(Wire, frozen=True):
    api_version: str
    kind: Literal["RayJob"]
    metadata: ObjectMeta
    spec: RayJobSpec
    status: RayJobStatus | None = None


class RayCronJobSpec(Wire, frozen=True):
    """``schedule``: five cron fields."""

    schedule: Name
    job_template: RayJobSpec
    suspend: bool = False
    time_zone: Name | None = None


class RayCronJobStatus(Wire, frozen=True):
    last_schedule_time: Time | None = None


class RayCronJob(Wire, frozen=True):
    api_version: str
    kind: Literal["RayCronJob"]
    metadata: ObjectMeta
    spec: RayCronJobSpec
    status: RayCronJobStatus | None = None
