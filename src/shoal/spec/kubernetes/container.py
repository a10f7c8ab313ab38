"""Containers: what runs in a pod, with its environment, resources, probes and rights."""

from typing import Literal

from msgspec import field

from shoal.spec.quantity import Quantity
from shoal.spec.wire import Int32, Int64, IntOrString, Name, Port, Wire


class KeySelector(Wire, frozen=True):
    """A key of a ConfigMap or Secret."""

    key: str
    name: str = ""
    optional: bool = False


class ObjectFieldSelector(Wire, frozen=True):
    field_path: str
    api_version: str = ""


class ResourceFieldSelector(Wire, frozen=True):
    resource: str
    container_name: str = ""
    divisor: Quantity | None = None


class FileKeySelector(Wire, frozen=True):
    key: str
    path: str
    volume_name: str
    optional: bool = False


class EnvVarSource(Wire, frozen=True):
    config_map_key_ref: KeySelector | None = None
    secret_key_ref: KeySelector | None = None
    field_ref: ObjectFieldSelector | None = None
    resource_field_ref: ResourceFieldSelector | None = None
    file_key_ref: FileKeySelector | None = None


class EnvVar(Wire, frozen=True):
    name: Name
    value: str = ""
    value_from: EnvVarSource | None = None


class EnvSource(Wire, frozen=True):
    """A ConfigMap or Secret whose keys all become variables."""

    name: str = ""
    optional: bool = False


class EnvFromSource(Wire, frozen=True):
    prefix: str = ""
    config_map_ref: EnvSource | None = None
    secret_ref: EnvSource | None = None


class ContainerClaim(Wire, frozen=True):
    name: str
    request: str = ""


class ResourceRequirements(Wire, frozen=True):
    """limits, requests: by resource name: cpu, memory, nvidia.com/gpu..."""

    limits: dict[str, Quantity] = {}
    requests: dict[str, Quantity] = {}
    claims: tuple[ContainerClaim, ...] = ()


class VolumeMount(Wire, frozen=True):
    name: str
    mount_path: str
    read_only: bool = False
    sub_path: str = ""
    sub_path_expr: str = ""
    mount_propagation: str = ""
    recursive_read_only: str = ""


class VolumeDevice(Wire, frozen=True):
    name: str
    device_path: str


class ContainerPort(Wire, frozen=True):
    container_port: Port
    name: str = ""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    host_port: Int32 | None = None
    host_ip: str = field(default="", name="hostIP")


class ExecAction(Wire, frozen=True):
    command: tuple[str, ...] = ()


class HTTPHeader(Wire, frozen=True):
    name: str
    value: str


class HTTPGetAction(Wire, frozen=True):
    port: IntOrString
    path: str = ""
    host: str = ""
    scheme: str = ""
    http_headers: tuple[HTTPHeader, ...] = ()


class TCPSocketAction(Wire, frozen=True):
    port: IntOrString
    host: str = ""


class GRPCAction(Wire, frozen=True):
    port: Port
    service: str = ""


class SleepAction(Wire, frozen=True):
    seconds: Int64


class Probe(Wire, frozen=True):
    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    grpc: GRPCAction | None = None
    initial_delay_seconds: Int32 | None = None
    period_seconds: Int32 | None = None
    timeout_seconds: Int32 | None = None
    success_threshold: Int32 | None = None
    failure_threshold: Int32 | None = None
    termination_grace_period_seconds: Int64 | None = None


class LifecycleHandler(Wire, frozen=True):
    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    sleep: SleepAction | None = None


class Lifecycle(Wire, frozen=True):
    post_start: LifecycleHandler | None = None
    pre_stop: LifecycleHandler | None = None
    stop_signal: str = ""


class Profile(Wire, frozen=True):
    """A seccomp or AppArmor profile."""

    type: str
    localhost_profile: str | None = None


class SELinuxOptions(Wire, frozen=True):
    level: str = ""
    role: str = ""
    type: str = ""
    user: str = ""


class WindowsOptions(Wire, frozen=True):
    gmsa_credential_spec: str | None = None
    gmsa_credential_spec_name: str | None = None
    host_process: bool | None = None
    run_as_user_name: str | None = None


class Capabilities(Wire, frozen=True):
    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class SecurityContext(Wire, frozen=True):
    """None: not set, so that the pod's or the platform's default holds."""

    privileged: bool | None = None
    allow_privilege_escalation: bool | None = None
    read_only_root_filesystem: bool | None = None
    run_as_non_root: bool | None = None
    run_as_user: Int64 | None = None
    run_as_group: Int64 | None = None
    capabilities: Capabilities | None = None
    proc_mount: str | None = None
    app_armor_profile: Profile | None = None
    seccomp_profile: Profile | None = None
    se_linux_options: SELinuxOptions | None = None
    windows_options: WindowsOptions | None = None


class ContainerResizePolicy(Wire, frozen=True):
    resource_name: str
    restart_policy: str


class ExitCodes(Wire, frozen=True):
    operator: str
    values: tuple[Int32, ...] = ()


class ContainerRestartRule(Wire, frozen=True):
    action: str
    exit_codes: ExitCodes | None = None


class _AnyContainer(Wire, frozen=True):
    name: Name
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str = ""
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFromSource, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    resources: ResourceRequirements = ResourceRequirements()
    volume_mounts: tuple[VolumeMount, ...] = ()
    volume_devices: tuple[VolumeDevice, ...] = ()
    image_pull_policy: Literal["", "Always", "IfNotPresent", "Never"] = ""
    lifecycle: Lifecycle | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    security_context: SecurityContext | None = None
    resize_policy: tuple[ContainerResizePolicy, ...] = ()
    restart_policy: str | None = None
    restart_policy_rules: tuple[ContainerRestartRule, ...] = ()
    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False
    termination_message_path: str = ""
    termination_message_policy: str = ""


class Container(_AnyContainer, frozen=True):
    """A container or init container."""


class EphemeralContainer(_AnyContainer, frozen=True):
    target_container_name: str = ""
