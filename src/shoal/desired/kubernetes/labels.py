"""Labels and annotations of a cluster's pods and objects; what only the operator notes on a pod is in world/."""

from shoal.desired.cluster import Role
from shoal.desired.kubernetes.names import identifier

CLUSTER = "ray.io/cluster"
NODE_TYPE = "ray.io/node-type"
GROUP = "ray.io/group"
IS_RAY_NODE = "ray.io/is-ray-node"
IDENTIFIER = "ray.io/identifier"
SERVE = "ray.io/serve"
HEADLESS = "ray.io/headless-worker-svc"
FROM_NAME = "ray.io/originated-from-cr-name"
FROM_KIND = "ray.io/originated-from-crd"
APPLICATION = "app.kubernetes.io/name"
CREATED_BY = "app.kubernetes.io/created-by"

FT_ENABLED = "ray.io/ft-enabled"
STORAGE_NAMESPACE = "ray.io/external-storage-namespace"
OVERWRITE_COMMAND = "ray.io/overwrite-container-cmd"
SERVE_ENABLED = "ray.io/enable-serve-service"
KUBERAY_HASH = "ray.io/upgrade-strategy-recreate-hash"
KUBERAY_VERSION = "ray.io/kuberay-version"
"""Annotations of a head pod: of what the cluster was made when its pods were made last, and whose hash that is."""

EMPTIES_REDIS = "ray.io/gcs-ft-redis-cleanup-finalizer"
"""Finalizer of a RayCluster whose GCS is in Redis: it goes when what it left there is gone."""
CLEANUP_SECONDS = "ray.io/gcs-ft-deletion-timeout"
"""Annotation of a RayCluster: how long its deletion waits for that."""
HEAD_ONCE = "ray.io/disable-provisioned-head-restart"
"""Annotation of a RayCluster: with "true" a head that is gone stays so, once all of the cluster's pods were ready."""
DRAIN_SECONDS = "shoal.dev/drain-seconds"
"""Annotation of a RayCluster: how long a worker that is to go may finish its work first; 0 ends it at once."""


def node_labels(cluster: str, role: Role, group: str) -> dict[str, str]:
    """Of every pod that is a Ray node. A template can't change the first three."""
    return {
        CLUSTER: cluster,
        NODE_TYPE: str(role),
        GROUP: group,
        IS_RAY_NODE: "yes",
        IDENTIFIER: identifier(cluster, role),
        APPLICATION: "kuberay",
        CREATED_BY: "kuberay-operator",
    }
