"""The container beside Ray that keeps the pod's logs, where an annotation of the RayCluster says where to."""

from collections.abc import Mapping, Sequence
from typing import Any

from shoal.desired.kubernetes.access import API_PATH
from shoal.desired.kubernetes.environment import from_pod
from shoal.desired.kubernetes.group import PodGroup
from shoal.desired.kubernetes.labels import APPLICATION
from shoal.desired.kubernetes.security import USER, USERS_GROUP
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.log_store import LOGS_TO, LogStore, log_store
from shoal.spec.raycluster import RayCluster

NAME = "keep-logs"
VOLUME, PATH = "kept-logs", "/var/kept-logs"
NO_TOKEN = "no-api-token"  # noqa: S105
"""An empty folder where Kubernetes would mount the service account's token: it mounts none where something is."""
RESOURCES = {"pvc": {"cpu": "50m", "memory": "128Mi"}, "s3": {"cpu": "100m", "memory": "384Mi"}}
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
OF_RAY = ("image", "imagePullPolicy")
OF_USER = ("runAsUser", "runAsGroup", "runAsNonRoot")
READER_S = 1800
TEMPORARY = "/tmp/ray"  # noqa: S108
Json = dict[str, Any]


def store_of(cluster: RayCluster) -> LogStore | None:
    """Where the cluster's logs are kept; None where they go with their pods."""
    return log_store(cluster.metadata.annotations.get(LOGS_TO, ""))


def folder_of(store: LogStore, *names: str) -> str:
    """A place below a store as paths there name it: ``NAMESPACE/CLUSTER/UID/GROUP/POD/UID``, as far as ``names`` go."""
    return "/".join(part for part in (store.folder, *names) if part)


def logs_mount(params: Mapping[str, str]) -> Json:
    """Of the Ray container: where it writes its logs. params: of ``ray start``."""
    return {"name": "ray-logs", "mountPath": params.get("temp-dir", TEMPORARY).rstrip("/")}


def keeper(group: PodGroup, store: LogStore, params: Mapping[str, str], mounts: Sequence[Json]) -> Json:
    """A sidecar of Kubernetes' own kind: it starts before Ray and is ended after it, so that the last lines are kept.

    It sees Ray's logs without being able to write them, and has no API token. mounts: those of the Ray container.
    """
    ray, path = group.raw_ray, logs_mount(params)["mountPath"]
    logs = next(mount for mount in mounts if mount["mountPath"].rstrip("/") == path)
    user = {key: value for key, value in (ray.get("securityContext") or {}).items() if key in OF_USER}
    closed = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
    resources = RESOURCES[store.kind]
    volume = [{"name": VOLUME, "mountPath": PATH}] if store.kind == "pvc" else []
    return {
        "name": NAME,
        **{key: ray[key] for key in OF_RAY if key in ray},
        "restartPolicy": "Always",
        "command": ["python3", "-I", "-c", group.settings.keeper],
        "env": [
            from_pod("SHOAL_POD", "metadata.name"),
            from_pod("SHOAL_POD_UID", "metadata.uid"),
            {"name": "SHOAL_LOGS_FROM", "value": path},
            {"name": "SHOAL_LOGS_TO", "value": _target(group, store)},
            *reaching(store),
        ],
        "resources": {"limits": resources, "requests": resources},
        "securityContext": user | closed,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {**logs, "readOnly": True},
            *volume,
            {"name": NO_TOKEN, "mountPath": API_PATH, "readOnly": True},
        ],
    }


def reaching(store: LogStore) -> list[Json]:
    """Variables by which a container finds the store and is let in: keys come from a Secret, never from a manifest."""
    if store.kind == "pvc":
        return [{"name": "SHOAL_LOGS_KIND", "value": "folder"}]
    plain = {"SHOAL_LOGS_KIND": "bucket", "SHOAL_S3_REGION": store.region, "SHOAL_S3_ENDPOINT": store.endpoint}
    said = [{"name": name, "value": value} for name, value in plain.items() if value]
    keys = KEYS if store.secret else ()
    return said + [{"name": key, "valueFrom": {"secretKeyRef": {"name": store.secret, "key": key}}} for key in keys]


def writing_context(store: LogStore, settings: Settings) -> Json:
    """Of the pod: who may write to a new volume, which belongs to root. {} where the server itself chooses a group."""
    if store.kind == "s3" or settings.has_routes:
        return {}
    return {"fsGroup": USERS_GROUP, "fsGroupChangePolicy": "OnRootMismatch"}


def volumes(store: LogStore) -> list[Json]:
    """Of the pod."""
    claim = {"name": VOLUME, "persistentVolumeClaim": {"claimName": store.name}}
    return [*([claim] if store.kind == "pvc" else []), {"name": NO_TOKEN, "emptyDir": {}}]


def _target(group: PodGroup, store: LogStore) -> str:
    meta = group.cluster.metadata
    # A pod that was deleted by force may have the same name as the one in its place.
    pod = ("$(SHOAL_POD)", "$(SHOAL_POD_UID)")
    folder = folder_of(store, meta.namespace or "default", meta.name, meta.uid, group.name, *pod)
    return f"{PATH if store.kind == 'pvc' else store.name}/{folder}"


def reader(store: LogStore, namespace: str, cluster: str, image: str, program: str) -> Json:
    """A pod that lives for some minutes and has the kept logs of a cluster in PATH, for whoever may exec into it.

    A volume is mounted to be read only. Of a bucket what is there is copied before the pod is ready; the keys stay with
    the container that does so. program: that keeps logs, which can fetch them too.
    """
    closed = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    mount = {"name": VOLUME, "mountPath": PATH}
    base = {
        "image": image,
        "securityContext": closed,
        "resources": {"limits": RESOURCES["s3"], "requests": RESOURCES["s3"]},
    }
    main = base | {"name": NAME, "command": ["sleep", str(READER_S)], "volumeMounts": [mount | {"readOnly": True}]}
    spec: Json = {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": READER_S,
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsUser": USER, "runAsGroup": USERS_GROUP, "fsGroup": USERS_GROUP, "runAsNonRoot": True}
        | {"fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [main],
    }
    if store.kind == "pvc":
        spec["volumes"] = [{"name": VOLUME, "persistentVolumeClaim": {"claimName": store.name, "readOnly": True}}]
    else:
        origin = {"name": "SHOAL_LOGS_FROM", "value": f"{store.name}/{folder_of(store, namespace, cluster)}"}
        target = {"name": "SHOAL_LOGS_TO", "value": PATH}
        said = [origin, target, {"name": "SHOAL_FETCH", "value": "1"}, *reaching(store)]
        fetch = {"name": "fetch", "command": ["python3", "-I", "-c", program], "env": said, "volumeMounts": [mount]}
        spec["initContainers"] = [base | fetch]
        spec["volumes"] = [{"name": VOLUME, "emptyDir": {}}]
    meta = {"generateName": f"{cluster[:40]}-logs-", "namespace": namespace, "labels": {APPLICATION: "shoal-logs"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
