"""Labels of the objects of a cluster, and by which they select its head."""

from shoal.desired.cluster import HEAD_GROUP, Role
from shoal.desired.kubernetes.labels import APPLICATION, CLUSTER, CREATED_BY, IDENTIFIER, NODE_TYPE, node_labels
from shoal.spec.raycluster import RayCluster

_OF_ALL = (CLUSTER, APPLICATION, CREATED_BY)
_FREE = (IDENTIFIER, APPLICATION, CREATED_BY)
"""Labels of the head that its template, or else its group's labels, may change."""


def common(cluster: RayCluster) -> dict[str, str]:
    """Labels of every object of a cluster."""
    labels = node_labels(cluster.metadata.name, Role.HEAD, HEAD_GROUP)
    return {key: labels[key] for key in _OF_ALL}


def identified(cluster: RayCluster) -> dict[str, str]:
    """Labels of an object that leads to the head."""
    labels = node_labels(cluster.metadata.name, Role.HEAD, HEAD_GROUP)
    return {key: labels[key] for key in (*_OF_ALL, IDENTIFIER)}


def of_head(cluster: RayCluster) -> dict[str, str]:
    """Labels that the head pod has and its Service selects by, with what the manifest makes of them."""
    labels = node_labels(cluster.metadata.name, Role.HEAD, HEAD_GROUP)
    head = cluster.spec.head_group_spec
    given = head.template.metadata.labels | head.labels
    chosen = {key: given[key] for key in _FREE if key in given}
    return {key: labels[key] for key in (*_OF_ALL, NODE_TYPE, IDENTIFIER)} | chosen
