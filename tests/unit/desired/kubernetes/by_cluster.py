"""What an operator has made, by the RayCluster that it is for."""

from collections.abc import Iterable
from typing import Any

from unit.desired.kubernetes.alike import Made
from unit.desired.kubernetes.fields import fields

Json = dict[str, Any]
CLUSTER, GROUP = "ray.io/cluster", "ray.io/group"
SEAT = ("ray.io/worker-group-replica-index", "ray.io/replica-host-index")
"""Labels that tell the pods of a group apart."""


def owner(body: Json) -> str:
    """The RayCluster that an object is for; "" when it is for none."""
    owners = [one["name"] for one in body["metadata"].get("ownerReferences") or () if one["kind"] == "RayCluster"]
    return str(owners[0]) if owners else str(body["metadata"].get("labels", {}).get(CLUSTER, ""))


def made(bodies: Iterable[Json], space: str, uid: str) -> Made:
    """The fields of one cluster's objects, with other words for its namespace and its uid."""
    return {_key(body): fields(body, {space: "ns", uid: "uid"}) for body in bodies}


def _key(body: Json) -> str:
    """A pod by its group and seat, since its name is drawn by chance; every other object by its name."""
    labels = body["metadata"].get("labels") or {}
    name = body["metadata"]["name"]
    if body["kind"] == "Pod":
        name = "/".join(labels[label] for label in (GROUP, *SEAT) if label in labels)
    return f"{body['kind']}/{name}"
