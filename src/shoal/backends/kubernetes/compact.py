"""Keep a picture of an object small: thousands of them stay in memory for as long as the operator runs."""

from sys import intern
from typing import TypeVar

from msgspec import Raw
from msgspec.structs import force_setattr, replace

from shoal.world.kubernetes import Pod, Resource, Shared

T = TypeVar("T", Pod, Shared, Resource)

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def compact(item: T) -> T:
    """The same object. ``item``, which no one else may have seen yet, is changed where that saves a copy.

    Label values and namespaces are shared between objects, and a Raw no longer holds on to the answer it is part of.
    """
    meta = item.metadata
    for label, value in meta.labels.items():
        meta.labels[label] = intern(value)
    meta.annotations.pop(LAST_APPLIED, None)  # of a RayCluster: its whole spec once more
    force_setattr(meta, "namespace", intern(meta.namespace))
    if isinstance(item, Resource):
        return replace(item, spec=Raw(bytes(item.spec)), status=Raw(bytes(item.status)))
    return item


def equivalent(one: T | None, other: T | None) -> bool:
    """Whether two pictures of one object differ in nothing but their version."""
    if one is None or other is None:
        return one is other
    if isinstance(one, Resource) and isinstance(other, Resource):
        if bytes(one.spec) != bytes(other.spec) or bytes(one.status) != bytes(other.status):
            return False
        return replace(one.metadata, resource_version="") == replace(other.metadata, resource_version="")
    version = other.metadata.resource_version
    return replace(one, metadata=replace(one.metadata, resource_version=version)) == other


def is_placement(before: T | None, after: T | None) -> bool:
    """Whether a pod got its machine, and has not begun to run on it: more is to follow."""
    return (
        isinstance(before, Pod)
        and isinstance(after, Pod)
        and before.spec.node_name != after.spec.node_name
        and before.status.phase == after.status.phase
    )
