"""Keep a picture of an object small: thousands of them stay in memory for as long as the operator runs."""

from collections.abc import Hashable
from functools import lru_cache
from sys import intern
from typing import TypeVar

from msgspec import Raw
from msgspec.structs import force_setattr, replace

from shoal.world.kubernetes import DECIDING, Pod, Resource, Shared

T = TypeVar("T", Pod, Shared, Resource)
V = TypeVar("V", bound=Hashable)

ALIKE_KEPT = 2048
"""Different values that are kept once for all objects that have them, as the conditions of a pod that is ready."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def compact(item: T) -> T:
    """The same object. ``item``, which no one else may have seen yet, is changed where that saves a copy.

    Values that many objects have are shared between them, and a Raw no longer holds on to the answer it is part of.
    """
    meta = item.metadata
    for name in ("labels", "annotations"):
        force_setattr(meta, name, _kept(getattr(meta, name), is_own=isinstance(item, Resource)))
    for name in ("namespace", "creation_timestamp"):
        force_setattr(meta, name, intern(getattr(meta, name)))
    force_setattr(meta, "owner_references", _one_for_all(meta.owner_references))
    if isinstance(item, Pod):
        force_setattr(item, "spec", _one_for_all(item.spec))
        force_setattr(item.status, "phase", intern(item.status.phase))
        for name in ("conditions", "container_statuses", "init_container_statuses"):
            force_setattr(item.status, name, _one_for_all(getattr(item.status, name)))
    if isinstance(item, Resource):
        return replace(item, spec=Raw(bytes(item.spec)), status=Raw(bytes(item.status)))
    return item


def _kept(values: dict[str, str], *, is_own: bool) -> dict[str, str]:
    """Of labels or annotations what decides something: of a RayCluster all may, but for its whole spec once more."""
    return {key: intern(value) for key, value in values.items() if key in DECIDING or (is_own and key != LAST_APPLIED)}


@lru_cache(maxsize=ALIKE_KEPT)
def _one_for_all(value: V) -> V:
    """The first that was equal to ``value``."""
    return value


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
