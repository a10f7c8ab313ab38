"""The complete manifest of a group's pods, without name, namespace and owner."""

from collections.abc import Mapping, Sequence
from typing import Any

from shoal.desired.cluster import Role
from shoal.desired.kubernetes import fault_tolerance
from shoal.desired.kubernetes.access import Access, access_of, added_mounts, added_volumes, api_volume
from shoal.desired.kubernetes.autoscaler import autoscaler, is_second, scales
from shoal.desired.kubernetes.collector import collector, collects, event_variables
from shoal.desired.kubernetes.command import METRICS_PORT, port_of, run, start_command, start_params
from shoal.desired.kubernetes.environment import head_address, ray_variables
from shoal.desired.kubernetes.group import PodGroup
from shoal.desired.kubernetes.keeper import keeper, logs_mount, store_of, writing_context
from shoal.desired.kubernetes.keeper import volumes as keeper_volumes
from shoal.desired.kubernetes.labels import CLUSTER, GROUP, NODE_TYPE, OVERWRITE_COMMAND, SERVE, node_labels
from shoal.desired.kubernetes.names import service_account
from shoal.desired.kubernetes.own_command import overwrites_command
from shoal.desired.kubernetes.probes import probes
from shoal.desired.kubernetes.security import hardened
from shoal.desired.kubernetes.waiting import init_containers

SHARED_MEMORY = {"name": "shared-mem", "mountPath": "/dev/shm"}  # noqa: S108
LOGS = {"name": "ray-logs", "mountPath": "/tmp/ray"}  # noqa: S108
Json = dict[str, Any]


def manifest(group: PodGroup, raw: Json) -> Json:
    """A pod. raw: the cluster's ``spec`` as plain JSON. What it shares with the template must not be changed."""
    params = start_params(group)
    access = access_of(group)
    ray = _ray(group, raw, params, access)
    template: Json = group.raw["template"]["spec"]
    pod = template | {"containers": [ray, *template["containers"][1:]]}
    store = store_of(group.cluster)
    keeping = [keeper(group, store, params, ray["volumeMounts"])] if store else []
    if starting := [*keeping, *init_containers(group, head_address(group))]:
        pod["initContainers"] = starting
    if store is not None and (context := writing_context(store, group.settings)):
        pod["securityContext"] = context | (pod.get("securityContext") or {})
    if scales(group):
        pod["containers"].append(autoscaler(group, raw.get("autoscalerOptions") or {}, access, _logs_of(ray)))
        pod["serviceAccountName"] = service_account(group.cluster)
    if collects(group.cluster):
        pod["containers"].append(
            collector(group, raw["historyServerOptions"]["collectorOptions"], access, _logs_of(ray))
        )
    if is_second(group.cluster):
        pod["restartPolicy"] = "Never"
    if volumes := _volumes(group, pod, access):
        pod["volumes"] = volumes
    spec = hardened(group, pod) if group.settings.secure else pod
    return {"apiVersion": "v1", "kind": "Pod", "metadata": _metadata(group), "spec": spec}


def _ray(group: PodGroup, raw: Json, params: Mapping[str, str], access: Access) -> Json:
    """The container that runs Ray."""
    generated = start_command(group, params)
    mounts = list(access.mounts)
    if (storage := fault_tolerance.storage_volume(group)) is not None:
        mounts.append(storage[1])
    mounts += [] if "plasma-directory" in params else [SHARED_MEMORY]
    collected = collects(group.cluster)
    logs = [LOGS] if scales(group) or collected else []
    if store_of(group.cluster) and (mount := logs_mount(params)) not in logs:
        logs.append(mount)
    mounts += logs
    return (
        # A status can tell the last line of what crashed only if the kubelet keeps it.
        {"terminationMessagePolicy": "FallbackToLogsOnError"}
        | group.raw_ray
        | run(group, generated)
        | probes(group, params)
        | {
            "env": ray_variables(
                group,
                generated,
                [*access.variables, *(event_variables() if collected else ())],
                raw.get("gcsFaultToleranceOptions"),
            ),
            "ports": _ports(group, params),
            "volumeMounts": added_mounts(group.raw_ray.get("volumeMounts") or (), mounts),
        }
    )


def _logs_of(ray: Json) -> Json:
    """Where the Ray container mounts the folder that the containers beside it read."""
    mounts: list[Json] = ray["volumeMounts"]
    return next(mount for mount in mounts if mount["mountPath"].rstrip("/") == LOGS["mountPath"])


def _metadata(group: PodGroup) -> Json:
    given = group.spec.template.metadata
    ours = node_labels(group.cluster.metadata.name, group.role, group.name)
    fixed = {key: ours[key] for key in (CLUSTER, NODE_TYPE, GROUP)}
    serving = {SERVE: "true" if group.role is Role.WORKER else "false"} if group.serves else {}
    overwrites = {OVERWRITE_COMMAND: "true"} if overwrites_command(group.cluster, group.spec) else {}
    return {
        "labels": ours | given.labels | group.spec.labels | fixed | serving,
        "annotations": given.annotations | overwrites | fault_tolerance.annotations(group),
        **({"finalizers": list(given.finalizers)} if given.finalizers else {}),
    }


def _ports(group: PodGroup, params: Mapping[str, str]) -> list[Json]:
    given: Sequence[Json] = group.raw_ray.get("ports") or ()
    if any(port.get("name") == "metrics" for port in given):
        return list(given)
    number = port_of(params, "metrics-export-port", METRICS_PORT)
    return [*given, {"name": "metrics", "containerPort": number, "protocol": "TCP"}]


def _volumes(group: PodGroup, pod: Json, access: Access) -> list[Json]:
    """The template's, and those of ours that a container mounts: where a manifest mounts its own, ours are left out."""
    ours = list(access.volumes)
    if (storage := fault_tolerance.storage_volume(group)) is not None:
        ours.append(storage[0])
    ours.append({"name": SHARED_MEMORY["name"], "emptyDir": {"medium": "Memory", **_memory(group)}})
    ours.append({"name": LOGS["name"], "emptyDir": {}})
    ours.append(api_volume())
    ours += keeper_volumes(store) if (store := store_of(group.cluster)) else []
    containers = (*pod["containers"], *pod.get("initContainers", ()))
    mounted = {mount["name"] for container in containers for mount in container.get("volumeMounts") or ()}
    return added_volumes(pod.get("volumes") or (), [volume for volume in ours if volume["name"] in mounted])


def _memory(group: PodGroup) -> Json:
    """No more than the container may have: what is in shared memory counts as its own."""
    asked = group.ray.resources
    limit = asked.limits.get("memory", asked.requests.get("memory"))
    return {} if limit is None else {"sizeLimit": limit}
