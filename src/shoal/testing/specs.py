"""Small clusters for tests."""

from collections.abc import Mapping

from shoal.desired.cluster import HEAD_GROUP, HEAD_NODE, DesiredCluster, DesiredNode, Role


def cluster_of(
    name: str, groups: Mapping[str, int], *, params: Mapping[str, Mapping[str, str]] | None = None
) -> DesiredCluster:
    """A head, and of each group so many workers.

    params: options of `ray start` by group, ``headgroup`` for the head; each node has ``num-cpus`` 1 besides.
    """

    def node(node_name: str, role: Role, group: str) -> DesiredNode:
        return DesiredNode(node_name, role, group, {"num-cpus": "1"} | dict((params or {}).get(group, {})))

    workers = (node(f"{group}-{i}", Role.WORKER, group) for group, count in groups.items() for i in range(count))
    return DesiredCluster(name, "", (node(HEAD_NODE, Role.HEAD, HEAD_GROUP), *workers))


def suspended(cluster: DesiredCluster) -> DesiredCluster:
    """The same cluster, of which nothing shall run for now."""
    return DesiredCluster(cluster.name, cluster.ray_version, ())
