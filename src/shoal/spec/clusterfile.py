"""Ray's cluster.yaml."""

from typing import Annotated, Any, TypeAlias

from msgspec import Meta, Struct

from shoal.spec.provider import LocalProvider, Provider
from shoal.spec.wire import Amount, Count, Int32, Name, Snake

NotNegative: TypeAlias = Annotated[float, Meta(ge=0)]
Commands: TypeAlias = tuple[str, ...]


class Auth(Snake, frozen=True):
    """How to reach the machines by ssh. Keys are paths on this machine."""

    ssh_user: str = "ubuntu"
    ssh_private_key: str = ""
    ssh_public_key: str = ""
    ssh_proxy_command: str = ""
    ssh_proxy_use_node_id: bool = False


class Docker(Snake, frozen=True):
    """The container that Ray runs in on every machine; none when no image is given."""

    image: str = ""
    container_name: str = "ray_docker"
    pull_before_run: bool = True
    run_options: tuple[str, ...] = ()
    head_image: str = ""
    head_run_options: tuple[str, ...] = ()
    worker_image: str = ""
    worker_run_options: tuple[str, ...] = ()
    disable_automatic_runtime_detection: bool = False
    disable_shm_size_detection: bool = False
    use_podman: bool = False


class NodeTypeDocker(Snake, frozen=True):
    worker_image: str = ""
    pull_before_run: bool | None = None
    worker_run_options: tuple[str, ...] = ()


class NodeType(Snake, frozen=True):
    """One shape of machine.

    node_config: as the provider takes it. resources: Ray's, whole numbers; CPU, GPU, memory in bytes, and custom ones.
    max_workers: None is the cluster's own.
    """

    node_config: dict[str, Any] = {}
    resources: dict[str, Amount] = {}
    min_workers: Count = 0
    max_workers: Count | None = None
    idle_timeout_s: NotNegative | None = None
    priority: Int32 = 0
    labels: dict[str, str] = {}
    initialization_commands: Commands = ()
    worker_setup_commands: Commands | None = None
    docker: NodeTypeDocker | None = None


class ClusterFile(Snake, frozen=True):
    """The whole file.

    max_workers: None is the provider's default. The fields from head_node on belong to older versions of Ray.
    """

    cluster_name: Name
    provider: Provider
    max_workers: Count | None = None
    upscaling_speed: NotNegative = 1.0
    idle_timeout_minutes: NotNegative = 5.0
    auth: Auth = Auth()
    docker: Docker = Docker()
    head_node_type: str = ""
    available_node_types: dict[str, NodeType] = {}
    file_mounts: dict[str, str] = {}
    cluster_synced_files: tuple[str, ...] = ()
    file_mounts_sync_continuously: bool = False
    rsync_exclude: tuple[str, ...] = ()
    rsync_filter: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    initialization_commands: Commands = ()
    setup_commands: Commands = ()
    head_setup_commands: Commands = ()
    worker_setup_commands: Commands = ()
    head_start_ray_commands: Commands = ()
    worker_start_ray_commands: Commands = ()
    no_restart: bool = False
    head_node: dict[str, Any] = {}
    worker_nodes: dict[str, Any] = {}
    min_workers: Count | None = None
    initial_workers: Count | None = None
    default_worker_type: str = ""
    autoscaling_mode: str = ""
    target_utilization_fraction: float | None = None


class WorkerType(Struct, frozen=True):
    """A type of worker: its name in the file, how many of it stand before anything is scaled, and at most."""

    name: str
    kind: NodeType
    least: int
    most: int


def worker_types(file: ClusterFile) -> list[WorkerType]:
    """The types of workers with their bounds; hosts that are listed one by one, or a file without types, have one."""
    listed = file.provider.worker_ips if isinstance(file.provider, LocalProvider) else ()
    types = {name: kind for name, kind in file.available_node_types.items() if name != file.head_node_type}
    if listed or not types:
        kind = next(iter(types.values()), NodeType())
        number = len(listed) or file.min_workers or 0
        return [WorkerType("worker", kind, number, number)] if number else []
    return [WorkerType(name, kind, kind.min_workers, _most(kind, file)) for name, kind in types.items()]


def _most(kind: NodeType, file: ClusterFile) -> int:
    bounds = [most for most in (kind.max_workers, file.max_workers) if most is not None]
    return max(kind.min_workers, min(bounds, default=kind.min_workers))


OLD_KEYS: dict[str, str] = {
    "head_node": "move it to node_config of a type in available_node_types, and name that type in head_node_type",
    "worker_nodes": "move it to node_config of a type in available_node_types",
    "min_workers": "set min_workers of each type in available_node_types",
    "initial_workers": "remove it: set min_workers of a type in available_node_types",
    "default_worker_type": "remove it: Ray chooses the type by the resources asked for",
    "autoscaling_mode": "remove it: use upscaling_speed",
    "target_utilization_fraction": "remove it: use upscaling_speed",
}
"""Keys that newer versions of Ray ignore or refuse, and what to do instead."""
