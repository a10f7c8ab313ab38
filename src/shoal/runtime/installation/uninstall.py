"""Take the operator off a cluster. Clusters and the definitions of their kinds stay, unless they are to go too."""

import contextlib

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import Forbidden, NotFound
from shoal.backends.kubernetes.resources import CRDS, LEASES, NAMESPACES, RAYCLUSTERS, Resource
from shoal.install.facts import Named
from shoal.install.manifests import definitions
from shoal.install.options import NAME
from shoal.runtime.clock import Clock
from shoal.runtime.installation.install import Applied, Report
from shoal.runtime.installation.objects import installed_objects, place_of
from shoal.runtime.installation.waiting import until_gone


class Left(msgspec.Struct, frozen=True):
    """What stays. clusters: how many RayClusters, None where nobody may count them; held: those with a finalizer."""

    definitions: tuple[str, ...] = ()
    namespace: str = ""
    clusters: int | None = 0
    held: tuple[str, ...] = ()


async def uninstall(client: Client, namespace: str, report: Report) -> tuple[Applied, ...]:
    """Remove the installation in ``namespace``, the Deployment first. Nothing there is no error."""
    found = [(resource, meta) async for resource, meta in installed_objects(client, namespace)]
    done = []
    for resource, meta in found:
        await _gone(client, (resource, meta.namespace, meta.name))
        done.append(Applied("removed", resource.kind, place_of({"namespace": meta.namespace, "name": meta.name})))
        report(str(done[-1]))
    if found:
        await _gone(client, (LEASES, namespace, NAME))
    return tuple(done)


async def _gone(client: Client, at: tuple[Resource, str, str]) -> None:
    with contextlib.suppress(NotFound):
        await client.delete(*at)


async def _is_there(client: Client, definition: str) -> bool:
    try:
        await client.get(CRDS, "", definition, Named)
    except NotFound:
        return False
    return True


async def remove_definitions(client: Client, clock: Clock, report: Report, *, timeout_s: float) -> None:
    """Delete the definitions of Ray's kinds, and with them every cluster, job and service on the API server.

    The operator has to run while they go. Raises StillThere.
    """
    names = [one["metadata"]["name"] for one in definitions()]
    for name in names:
        await _gone(client, (CRDS, "", name))
    for name in names:
        await until_gone(client, CRDS, name, clock, timeout_s=timeout_s)
        report(f"removed: {CRDS.kind} {name}, and every object of the kind")


async def left(client: Client, namespace: str) -> Left:
    """What there is still, now."""
    defined = [one["metadata"]["name"] for one in definitions() if await _is_there(client, one["metadata"]["name"])]
    try:
        own = (await client.get(NAMESPACES, "", namespace, Named)).metadata.name
    except (NotFound, Forbidden):
        own = ""
    try:
        clusters = (await client.list(RAYCLUSTERS, Named)).items
    except NotFound:
        clusters = []
    except Forbidden:
        return Left(tuple(defined), own, None)
    held = tuple(place_of(msgspec.to_builtins(one.metadata)) for one in clusters if one.metadata.finalizers)
    return Left(tuple(defined), own, len(clusters), held)
