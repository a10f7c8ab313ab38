"""The objects that one installation consists of, found by their label."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.resources import (
    ADMISSION_BINDINGS,
    ADMISSION_POLICIES,
    CLUSTERROLEBINDINGS,
    CLUSTERROLES,
    DEPLOYMENTS,
    NETWORKPOLICIES,
    ROLEBINDINGS,
    ROLES,
    SERVICEACCOUNTS,
    Resource,
)
from shoal.install.facts import Meta, Named
from shoal.install.options import INSTALLATION, OURS, PART_OF

KINDS = (
    DEPLOYMENTS,
    ADMISSION_BINDINGS,
    ADMISSION_POLICIES,
    NETWORKPOLICIES,
    ROLEBINDINGS,
    CLUSTERROLEBINDINGS,
    ROLES,
    CLUSTERROLES,
    SERVICEACCOUNTS,
)
"""In the order in which they can go: who works first, what he may do last."""


async def installed_objects(client: Client, namespace: str) -> AsyncIterator[tuple[Resource, Meta]]:
    """All objects of the installation in ``namespace``, wherever they are. Raises Forbidden for who may not list."""
    labels = f"{PART_OF}={OURS},{INSTALLATION}={namespace}"
    for resource in KINDS:
        try:
            found = await client.list(resource, Named, labels=labels)
        except NotFound:  # the API server doesn't know the kind
            continue
        for one in found.items:
            yield resource, one.metadata


def place_of(meta: Mapping[str, Any]) -> str:
    """NAMESPACE/NAME, or the name alone."""
    namespace = meta.get("namespace", "")
    return f"{namespace}/{meta['name']}" if namespace else str(meta["name"])
