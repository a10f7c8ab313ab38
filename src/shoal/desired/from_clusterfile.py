"""Ray's cluster.yaml -> DesiredCluster: the nodes that stand before anything is scaled."""

import hashlib
import json
import re
from collections.abc import Iterable

from shoal.desired.cluster import HEAD_GROUP, HEAD_NODE, DesiredCluster, DesiredNode, Role
from shoal.spec.clusterfile import ClusterFile, NodeType, worker_types

KNOWN = {"CPU": "num-cpus", "GPU": "num-gpus", "memory": "memory", "object_store_memory": "object-store-memory"}


def from_clusterfile(file: ClusterFile) -> DesiredCluster:
    """The head, and of every type its ``min_workers``; hosts listed one by one are a worker each."""
    head_type = file.available_node_types.get(file.head_node_type, NodeType())
    head = DesiredNode(HEAD_NODE, Role.HEAD, file.head_node_type or HEAD_GROUP, _params(head_type))
    return DesiredCluster(file.cluster_name, "", (head, *_workers(file)))


def _workers(file: ClusterFile) -> list[DesiredNode]:
    types = worker_types(file)
    slugs = _slugs(kind.name for kind in types)
    return [
        DesiredNode(f"{slugs[group.name]}-{index}", Role.WORKER, group.name, _params(group.kind))
        for group in types
        for index in range(group.least)
    ]


def _slugs(names: Iterable[str]) -> dict[str, str]:
    """For every node type what its nodes are called after: lower-case letters, digits and '-'; no two alike."""
    plain = {name: re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") for name in names}
    taken = list(plain.values())
    return {
        name: slug if slug and taken.count(slug) == 1 else f"{slug or 'worker'}-{_short_hash(name)}"
        for name, slug in plain.items()
    }


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def _params(kind: NodeType) -> dict[str, str]:
    params = {KNOWN[name]: str(value) for name, value in kind.resources.items() if name in KNOWN}
    custom = {name: value for name, value in kind.resources.items() if name not in KNOWN}
    if custom:
        params["resources"] = json.dumps(custom, sort_keys=True)
    if kind.labels:
        params["labels"] = ",".join(f"{key}={value}" for key, value in sorted(kind.labels.items()))
    return params
