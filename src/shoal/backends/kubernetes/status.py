"""The status of a RayCluster, written only where it differs."""

from collections.abc import Mapping
from typing import Any

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.resources import RAYCLUSTERS
from shoal.world.kubernetes import Resource


async def write_status(client: Client, resource: Resource, status: Mapping[str, Any]) -> Resource:
    """Make ``status`` the stored one; the RayCluster as it is then.

    Raises Conflict when the RayCluster has changed since ``resource``: what is said of an old one may be wrong by now.
    """
    meta = resource.metadata
    stored: dict[str, Any] = msgspec.json.decode(resource.status)
    patch = {"metadata": {"resourceVersion": meta.resource_version}, "status": difference(stored, status)}
    return await client.merge(RAYCLUSTERS, meta.namespace, meta.name, patch, Resource, subresource="status")


def difference(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that makes ``wanted`` of ``stored``."""
    patch: dict[str, Any] = {key: None for key in stored if key not in wanted}
    for key, value in wanted.items():
        before = stored.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            inner = difference(before, value)
            if inner:
                patch[key] = inner
        elif before != value:
            patch[key] = value
    return patch
