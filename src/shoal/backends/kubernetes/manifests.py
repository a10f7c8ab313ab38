"""What is sent to the API server for one action: the manifest of the stage before, with its name, place and owner."""

import base64
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from shoal.desired.cluster import DesiredCluster, DesiredNode, DesiredObject, Role
from shoal.desired.kubernetes.labels import KUBERAY_HASH, KUBERAY_VERSION
from shoal.world.kubernetes import DIGEST, EDITION, HOST_INDEX, REPLICA, REPLICA_INDEX, SEAT, TEMPLATE, Resource

NOTHING: Mapping[str, str] = MappingProxyType({})


def pod(node: DesiredNode, desired: DesiredCluster, owner: Resource) -> dict[str, Any]:
    """The pod of one node of ``desired``."""
    template = desired.template(node)
    hosts = sum(one.unit == node.unit for one in desired.nodes) if node.unit else 1
    meta = template.get("metadata", {})
    notes = {SEAT: node.seat, TEMPLATE: node.template, EDITION: node.edition} | _kuberays_notes(node)
    labels = meta.get("labels", {}) | _unit_labels(node, hosts)
    named = meta | _place(node.name, owner) | {"labels": labels, "annotations": meta.get("annotations", {}) | notes}
    return template | {"apiVersion": "v1", "kind": "Pod", "metadata": named}


def _kuberays_notes(node: DesiredNode) -> dict[str, str]:
    """What KubeRay notes on a head, and its clients compare.

    KubeRay's operator goes by a hash only if its own version made it, and else puts its own in its place.
    """
    return {KUBERAY_HASH: node.edition, KUBERAY_VERSION: "shoal"} if node.role is Role.HEAD else {}


def shared(wanted: DesiredObject, owner: Resource, values: Mapping[str, str] = NOTHING) -> dict[str, Any]:
    """An object that nodes share. values: of a Secret's keys, those that were chosen at random."""
    meta = wanted.body.get("metadata", {})
    notes = meta.get("annotations", {}) | {DIGEST: wanted.digest}
    place = _place(wanted.name, owner)
    if wanted.kept:
        del place["ownerReferences"]
    body = wanted.body | {"metadata": meta | place | {"annotations": notes}}
    if values:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        body["data"] = wanted.body.get("data", {}) | encoded
    return body


def _place(name: str, owner: Resource) -> dict[str, Any]:
    reference = {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "name": owner.metadata.name,
        "uid": owner.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {"name": name, "namespace": owner.metadata.namespace, "ownerReferences": [reference]}


def _unit_labels(node: DesiredNode, hosts: int) -> dict[str, str]:
    """Which replica of its group a worker is, and which host of a replica that has several."""
    if node.role is Role.HEAD:
        return {}
    number = int(node.seat.partition(".")[0])
    if not node.unit:
        return {REPLICA_INDEX: str(number)}
    return {REPLICA: node.unit, REPLICA_INDEX: str(number // hosts), HOST_INDEX: str(number % hosts)}
