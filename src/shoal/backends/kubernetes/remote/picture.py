"""The picture of one cluster that its operator decides on, got by reads alone, as whoever asks."""

import asyncio
from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from shoal.backends.kubernetes.cache import WATCHED
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import Forbidden, NotFound
from shoal.backends.kubernetes.resources import PODS, ROUTES, SECRETS, Resource
from shoal.desired.cluster import DesiredCluster
from shoal.world import kubernetes as world
from shoal.world.kubernetes import CLUSTER, Observed, Pod, Shared

T = TypeVar("T")


class Picture(msgspec.Struct, frozen=True):
    """observed: what could be read. unseen: kinds that could not be, by their plural."""

    observed: Observed
    unseen: dict[str, str] = {}


async def picture_of(client: Client, resource: world.Resource, *, routes: bool) -> Picture:
    """Everything of one RayCluster but Secrets, which nobody lists. routes: the API server has OpenShift's."""
    namespace, labels = resource.metadata.namespace, f"{CLUSTER}={resource.metadata.name}"
    kinds = [*WATCHED.values(), *([ROUTES] if routes else [])]
    pods, shared = await asyncio.gather(
        _listed(client, PODS, Pod, namespace, labels),
        asyncio.gather(*(_listed(client, kind, Shared, namespace, labels) for kind in kinds)),
    )
    seen = dict(zip(kinds, shared, strict=True))
    found = {f"{kind.kind}/{item.metadata.name}": item for kind, items in seen.items() for item in items or ()}
    unseen = {kind.kind: kind.plural for kind, items in {PODS: pods, **seen}.items() if items is None}
    return Picture(Observed(resource, tuple(pods or ()), found), unseen)


async def with_secrets(client: Client, picture: Picture, desired: DesiredCluster) -> Picture:
    """And the Secrets that the cluster needs, of which only is kept whose they are."""
    namespace = picture.observed.resource.metadata.namespace
    names = [wanted.name for wanted in desired.objects if wanted.kind == SECRETS.kind]
    try:
        found = await asyncio.gather(*(_secret(client, namespace, name) for name in names))
    except Forbidden:
        return replace(picture, unseen={**picture.unseen, SECRETS.kind: SECRETS.plural})
    shared = {f"{SECRETS.kind}/{secret.metadata.name}": secret for secret in found if secret is not None}
    return replace(picture, observed=replace(picture.observed, shared={**picture.observed.shared, **shared}))


async def _listed(client: Client, kind: Resource, type_: type[T], namespace: str, labels: str) -> Iterable[T] | None:
    """None for what this person may not list."""
    try:
        return (await client.list(kind, type_, namespace=namespace, labels=labels)).items
    except Forbidden:
        return None


async def _secret(client: Client, namespace: str, name: str) -> Shared | None:
    try:
        return await client.get(SECRETS, namespace, name, Shared)
    except NotFound:
        return None
