"""What `shoal expose` has made of a cluster, as the API server keeps it: put up, found again, taken away."""

from typing import Any

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.remote.places import Place
from shoal.backends.kubernetes.resources import (
    HTTPROUTES,
    INGRESSES,
    NETWORKPOLICIES,
    SERVICES,
    Resource,
    resource_of,
)
from shoal.backends.kubernetes.work import NameTaken
from shoal.desired.kubernetes.exposure import EXPOSURE
from shoal.spec.kubernetes.meta import ObjectMeta
from shoal.spec.wire import Wire
from shoal.world.kubernetes import CLUSTER

KINDS = (SERVICES, INGRESSES, HTTPROUTES, NETWORKPOLICIES)
Manifest = dict[str, Any]


class _Named(Wire, frozen=True):
    metadata: ObjectMeta


async def put_up(client: Client, place: Place, name: str, manifests: tuple[Manifest, ...]) -> None:
    """Apply them, and take away what an earlier call has made and these have not. Raises NameTaken before anything."""
    for manifest in manifests:
        await _refuse_strangers(client, place, manifest)
    for manifest in manifests:
        await client.apply(resource_of(manifest), place.namespace, manifest["metadata"]["name"], manifest, dict)
    kept = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests}
    await take_away(client, place, name, kept)


async def take_away(
    client: Client, place: Place, name: str, kept: set[tuple[str, str]] | frozenset[tuple[str, str]] = frozenset()
) -> tuple[str, ...]:
    """Delete what exposes a cluster, but for ``kept`` (kind and name): ``KIND/NAME`` of each that went."""
    gone = []
    for resource in KINDS:
        for meta in await _made(client, resource, place, name):
            if (resource.kind, meta.name) not in kept:
                await client.delete(resource, place.namespace, meta.name, uid=meta.uid)
                gone.append(f"{resource.kind}/{meta.name}")
    return tuple(gone)


async def _made(client: Client, resource: Resource, place: Place, name: str) -> list[ObjectMeta]:
    try:
        labels = f"{EXPOSURE}=true,{CLUSTER}={name}"
        listed = await client.list(resource, _Named, namespace=place.namespace, labels=labels)
    except NotFound:  # a server without the Gateway API
        return []
    return [item.metadata for item in listed.items]


async def _refuse_strangers(client: Client, place: Place, manifest: Manifest) -> None:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    try:
        found = await client.get(resource_of(manifest), place.namespace, name, _Named)
    except NotFound:
        return
    if EXPOSURE not in found.metadata.labels:
        raise NameTaken(
            f"there is already a {kind} {name!r} that `shoal expose` has not made",
            where=str(place),
            next_step="rename the cluster or remove that object",
        )
