"""What a GCS that survives its head needs: a volume's claim, and a Job that empties Redis afterwards."""

from typing import Any

from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes import names
from shoal.desired.kubernetes.labels import NODE_TYPE
from shoal.desired.kubernetes.objects.labels import common
from shoal.desired.kubernetes.objects.manifest import manifest
from shoal.spec.raycluster import GcsStorage, RayCluster

LEAST_SIZE = "1Gi"
CLEANUP_DEADLINE_S = 300
CLEANUP_RESOURCES = {"cpu": "200m", "memory": "256Mi"}
"""The Job starts no Ray, so it needs the same little whatever the head asks for."""
CLEANUP = """\
import os, sys
from urllib.parse import urlsplit
from ray._private.gcs_utils import cleanup_redis_storage

first = os.environ["RAY_REDIS_ADDRESS"].split(",")[0]
at = urlsplit(first if "://" in first else "redis://" + first)
given = {
    "host": at.hostname,
    "port": at.port or 6379,
    "password": os.environ.get("REDIS_PASSWORD") or at.password or "",
    "use_ssl": at.scheme == "rediss",
    "storage_namespace": os.environ["RAY_external_storage_namespace"],
}
user = os.environ.get("REDIS_USERNAME") or at.username
if user:
    given["username"] = user
sys.exit(not cleanup_redis_storage(**given))
"""
"""Run by the cluster's own Ray: the keys are Ray's business."""


def gcs_claim(cluster: RayCluster) -> DesiredObject | None:
    """The claim of an embedded GCS store; None when there is no such store, or when its claim is somebody else's."""
    options = cluster.spec.gcs_fault_tolerance_options
    if options is None or options.backend != "rocksdb":
        return None
    storage = options.storage or GcsStorage()
    if storage.claim_name:
        return None
    spec: dict[str, Any] = {
        "accessModes": list(storage.access_modes) or ["ReadWriteOnce"],
        "resources": {"requests": {"storage": storage.size or LEAST_SIZE}},
    }
    if storage.storage_class_name is not None:
        spec["storageClassName"] = storage.storage_class_name
    kept = storage.deletion_policy == "Retain"
    return manifest("PersistentVolumeClaim", names.storage_claim(cluster), common(cluster), {"spec": spec}, kept=kept)


def redis_cleanup(cluster: RayCluster, head: dict[str, Any]) -> DesiredObject:
    """The Job that removes what the cluster left in Redis, for the finalizer to wait for.

    head: the manifest of the head's pod, whose image, variables, account and place the Job shares.
    """
    pod = head["spec"]
    container = {key: value for key, value in pod["containers"][0].items() if key not in _NOT_FOR_A_JOB}
    retries = [
        {"name": "RAY_redis_db_connect_retries", "value": "120"},
        {"name": "RAY_redis_db_connect_wait_milliseconds", "value": "500"},
    ]
    container |= {
        "command": ["python", "-c", CLEANUP],
        "env": [*container.get("env", ()), *retries],
        "resources": {"limits": CLEANUP_RESOURCES, "requests": CLEANUP_RESOURCES},
    }
    meta = head.get("metadata", {})
    labels = meta.get("labels", {}) | common(cluster) | {NODE_TYPE: "redis-cleanup"}
    template = {
        "metadata": {"labels": labels, "annotations": meta.get("annotations", {})},
        "spec": {key: value for key, value in pod.items() if key != "initContainers"}
        | {"containers": [container], "restartPolicy": "Never"},
    }
    spec = {"backoffLimit": 0, "activeDeadlineSeconds": CLEANUP_DEADLINE_S, "template": template}
    return manifest("Job", names.redis_cleanup(cluster.metadata.name), labels, {"spec": spec}, api="batch/v1")


_NOT_FOR_A_JOB = frozenset(("args", "command", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "ports"))
