"""What is sent to the API server for one action: the manifest of the stage before, with its name, place and owner."""

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from shoal.desired.cluster import DesiredCluster, DesiredNode, DesiredObject, Role
from shoal.desired.kubernetes.labels import KUBERAY_HASH, KUBERAY_VERSION
from shoal.world.kubernetes import (
    ADOPTED,
    CONTENTS,
    DECIDING,
    DIGEST,
    EDITION,
    HOST_INDEX,
    REPLICA,
    REPLICA_INDEX,
    SEAT,
    SECRETS,
    TEMPLATE,
    Resource,
)


class Contents(msgspec.Struct, frozen=True):
    """What a Secret is filled with. values: by their keys. name: of these values, and drawn at random, as it is told on
    pods; "" for those that somebody else has chosen."""

    values: dict[str, str]
    name: str = ""


def pod(node: DesiredNode, desired: DesiredCluster, owner: Resource, filled: Mapping[str, str]) -> dict[str, Any]:
    """The pod of one node of ``desired``. filled: names of what is in its Secrets, by theirs."""
    template = desired.template(node)
    hosts = sum(one.unit == node.unit for one in desired.nodes) if node.unit else 1
    meta = template.get("metadata", {})
    notes = {SEAT: node.seat, TEMPLATE: node.template, EDITION: node.edition} | _kuberays_notes(node)
    if desired.adopted:
        notes[ADOPTED] = "true"
    if filled:
        notes[SECRETS] = " ".join(f"{secret}={contents}" for secret, contents in sorted(filled.items()))
    labels = meta.get("labels", {}) | _unit_labels(node, hosts)
    # By what only an operator notes a template would decide about its cluster, as that it may stay open.
    given = {name: value for name, value in meta.get("annotations", {}).items() if name not in DECIDING}
    named = meta | _place(node.name, owner) | {"labels": labels, "annotations": given | notes}
    return template | {"apiVersion": "v1", "kind": "Pod", "metadata": named}


def _kuberays_notes(node: DesiredNode) -> dict[str, str]:
    """What KubeRay notes on a head, and its clients compare.

    KubeRay's operator goes by a hash only if its own version made it, and else puts its own in its place.
    """
    return {KUBERAY_HASH: node.edition, KUBERAY_VERSION: "shoal"} if node.role is Role.HEAD else {}


def shared(wanted: DesiredObject, owner: Resource, contents: Contents | None = None) -> dict[str, Any]:
    """An object that nodes share. contents: of a Secret, what whoever makes it has chosen."""
    meta = wanted.body.get("metadata", {})
    notes = meta.get("annotations", {}) | {DIGEST: wanted.digest}
    if contents is not None and contents.name:
        notes[CONTENTS] = contents.name
    place = _place(wanted.name, owner)
    if wanted.kept:
        del place["ownerReferences"]
    body = wanted.body | {"metadata": meta | place | {"annotations": notes}}
    if contents is not None:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in contents.values.items()}
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
