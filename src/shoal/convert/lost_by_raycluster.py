"""What a cluster.yaml says and a RayCluster can't, with the reason."""

from collections.abc import Iterator
from typing import Any

from shoal.convert.commands import is_start
from shoal.convert.conversion import because, lost_fields
from shoal.convert.names import name_of, names_of
from shoal.findings import Finding, Path, Severity
from shoal.lint.local_kinds import NOT_CARRIED_OVER
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.complaints import place
from shoal.spec.provider import THIS_MACHINE
from shoal.spec.raycluster import HEAD_GROUP

_TYPE = "available_node_types.*"
_COMMANDS = ("initialization_commands", "setup_commands", "head_setup_commands", "worker_setup_commands")
REASONS = (
    *because("a pod's image holds what it needs: build it in, or use a runtime environment", *_COMMANDS),
    *because("a pod's image holds what it needs", f"{_TYPE}.initialization_commands", f"{_TYPE}.worker_setup_commands"),
    *because(
        "only the options of `ray start` are carried over", "head_start_ray_commands", "worker_start_ray_commands"
    ),
    *because("pods are not reached by ssh: use kubectl", "auth"),
    *because("Kubernetes finds the machines; the provider's settings stay with it", "provider"),
    *because("say it by a nodeSelector: Kubernetes finds the machines", f"{_TYPE}.node_config"),
    *because("mount a ConfigMap or a volume, or use a job's working directory", "file_mounts", "cluster_synced_files"),
    *because("files are not copied into pods", "file_mounts_sync_continuously", "rsync_exclude", "rsync_filter"),
    *because("Kubernetes runs the containers: only the images are carried over", "docker", f"{_TYPE}.docker"),
    *because("upscalingMode knows only Default, Aggressive and Conservative", "upscaling_speed"),
    *because("a RayCluster bounds every group by itself", "max_workers"),
    *because("the head is always one pod", f"{_TYPE}.max_workers", f"{_TYPE}.min_workers"),
    *because("nothing is scaled: min_workers and max_workers are the same", "idle_timeout_minutes"),
    *because("only workers whose number changes are ended for being idle", f"{_TYPE}.idle_timeout_s"),
    *because("the head's group is always called headgroup", "head_node_type"),
    *because("it belongs to older versions of Ray", "head_node", "worker_nodes", "min_workers", "initial_workers"),
    *because("it belongs to older versions of Ray", "default_worker_type", "autoscaling_mode"),
    *because("it belongs to older versions of Ray", "target_utilization_fraction"),
)


def lost(file: ClusterFile, types: list[str], *, scales: bool) -> Iterator[Finding]:
    """The fields of ``file`` that its RayCluster doesn't say.

    types: those that became groups; scales: whether it has autoscaling.
    """
    yield from _renamed(("cluster_name",), file.cluster_name, name_of(file.cluster_name))
    for name, new in zip(types, names_of(types), strict=True):
        yield from _renamed(("available_node_types", name), name, new)

    def is_carried(path: Path, value: Any) -> bool:
        return _is_carried(path, value, file, scales=scales)

    yield from lost_fields(file, is_carried, REASONS)


def _renamed(path: Path, name: str, new: str) -> Iterator[Finding]:
    if new != name:
        message = f"{place(path)}: called {new!r}, since {name!r} can't be used there"
        yield Finding(NOT_CARRIED_OVER.code, Severity.NOTE, message, path=path)


def _is_carried(path: Path, value: Any, file: ClusterFile, *, scales: bool) -> bool:
    match path:
        case ("cluster_name",) | ("provider", "type") | ("docker", "image" | "head_image" | "worker_image"):
            return True
        case ("provider", "worker_ips" | "head_ip", *_):
            return value in THIS_MACHINE
        case ("head_start_ray_commands" | "worker_start_ray_commands", *_):
            return is_start(str(value))
        case ("setup_commands" | "head_setup_commands", *_):
            return _only_installs_ray(str(value))
        case ("idle_timeout_minutes",):
            return scales
        case ("max_workers",):
            return _bounds_every_type(file)
        case ("head_node_type",):
            return bool(value == HEAD_GROUP)
        case ("min_workers",):
            return not file.available_node_types
        case ("available_node_types", name, field, *rest):
            return _is_carried_of_type(str(name), str(field), rest, file, scales=scales)
    return False


def _is_carried_of_type(name: str, field: str, rest: list[str | int], file: ClusterFile, *, scales: bool) -> bool:
    is_head = name == file.head_node_type
    if field == "docker":
        return not is_head and rest == ["worker_image"]
    if field == "idle_timeout_s":
        return scales and not is_head
    if field in ("min_workers", "max_workers", "priority"):
        kind = file.available_node_types[name]
        return not is_head or (field == "max_workers" and not kind.max_workers)
    return field in ("resources", "labels")


def _only_installs_ray(command: str) -> bool:
    words = command.replace("'", "").replace('"', "").split()
    return words[:2] == ["pip", "install"] and all(word.startswith(("-", "ray[", "ray==")) for word in words[2:])


def _bounds_every_type(file: ClusterFile) -> bool:
    """Whether no more workers are possible by the types' own bounds than by the cluster's."""
    types = [kind for name, kind in file.available_node_types.items() if name != file.head_node_type]
    if file.max_workers is None or len(types) == 1:
        return True
    return (
        bool(types)
        and sum(file.max_workers if kind.max_workers is None else kind.max_workers for kind in types)
        <= file.max_workers
    )
