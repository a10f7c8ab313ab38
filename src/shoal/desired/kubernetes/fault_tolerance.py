"""Where the GCS keeps its state, so that a new head goes on from it: Redis, or a volume of the head's own."""

from typing import Any

from shoal.desired.kubernetes.group import PodGroup
from shoal.desired.kubernetes.labels import FT_ENABLED, STORAGE_NAMESPACE
from shoal.desired.kubernetes.names import storage_claim
from shoal.spec.raycluster import GcsStorage, RayCluster
from shoal.spec.reserved import STORE_PATH, STORE_VARIABLES, STORE_VOLUME

Variable = dict[str, Any]

RECONNECT_S = 600
"""How long a worker waits for a new head; Ray's own 60 s are shorter than one takes to come."""


def is_fault_tolerant(cluster: RayCluster) -> bool:
    """Whether the GCS outlives its head, by the spec or by the old annotation."""
    annotated = cluster.metadata.annotations.get(FT_ENABLED, "").lower() == "true"
    return annotated or cluster.spec.gcs_fault_tolerance_options is not None


def is_embedded(cluster: RayCluster) -> bool:
    """Whether the state is on a volume of the head's, and no Redis is needed."""
    options = cluster.spec.gcs_fault_tolerance_options
    return options is not None and options.backend == "rocksdb"


def uses_redis(cluster: RayCluster) -> bool:
    """Whether the state is in Redis, from where it has to be removed in the end."""
    return is_fault_tolerant(cluster) and not is_embedded(cluster)


def storage_namespace(cluster: RayCluster) -> str:
    """What keeps the state of clusters that share one Redis apart."""
    options = cluster.spec.gcs_fault_tolerance_options
    asked = options.external_storage_namespace if options is not None else ""
    return asked or cluster.metadata.annotations.get(STORAGE_NAMESPACE, "") or cluster.metadata.uid


def annotations(group: PodGroup) -> dict[str, str]:
    """By which KubeRay and its tools see how the head keeps its state."""
    if not group.is_head:
        return {}
    noted = {FT_ENABLED: str(is_fault_tolerant(group.cluster)).lower()}
    return noted | ({STORAGE_NAMESPACE: storage_namespace(group.cluster)} if uses_redis(group.cluster) else {})


def start_params(group: PodGroup) -> dict[str, str]:
    """How the head logs in to Redis: through variables, so that no secret stands in its command."""
    options = group.cluster.spec.gcs_fault_tolerance_options
    if options is None or not group.is_head or is_embedded(group.cluster):
        return {}
    user = {"redis-username": "$REDIS_USERNAME"} if options.redis_username is not None else {}
    return user | ({"redis-password": "$REDIS_PASSWORD"} if options.redis_password is not None else {})


def variables(group: PodGroup, options: dict[str, Any] | None) -> list[Variable]:
    """Of the Ray container. options: ``gcsFaultToleranceOptions`` as plain JSON."""
    if not is_fault_tolerant(group.cluster):
        return []
    if not group.is_head:
        return [{"name": "RAY_gcs_rpc_server_reconnect_timeout_s", "value": str(RECONNECT_S)}]
    if is_embedded(group.cluster):
        values = zip(STORE_VARIABLES, ("rocksdb", STORE_PATH), strict=True)
        return [{"name": name, "value": value} for name, value in values]
    found: list[Variable] = [{"name": "RAY_external_storage_namespace", "value": storage_namespace(group.cluster)}]
    if options is None:
        return [*found, *_password_in_params(group)]
    found.append({"name": "RAY_REDIS_ADDRESS", "value": options.get("redisAddress", "")})
    for name, key in (("REDIS_USERNAME", "redisUsername"), ("REDIS_PASSWORD", "redisPassword")):
        if options.get(key) is not None:
            found.append({"name": name, **options[key]})
    return found


def _password_in_params(group: PodGroup) -> list[Variable]:
    """So that the Job that empties Redis afterwards knows it too."""
    given = group.spec.ray_start_params.get("redis-password")
    return [{"name": "REDIS_PASSWORD", "value": given}] if given is not None and not given.startswith("$") else []


def storage_volume(group: PodGroup) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The head's volume and its mount; None unless the state is on it."""
    options = group.cluster.spec.gcs_fault_tolerance_options
    if options is None or not group.is_head or not is_embedded(group.cluster):
        return None
    storage = options.storage or GcsStorage()
    volume = {"name": STORE_VOLUME, "persistentVolumeClaim": {"claimName": storage_claim(group.cluster)}}
    mount = {"name": STORE_VOLUME, "mountPath": STORE_PATH}
    return volume, mount | ({"subPath": storage.sub_path} if storage.sub_path else {})
