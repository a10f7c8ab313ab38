"""The RayCluster object as the command line treats it: looked at, applied, deleted; and who acts on it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import ApiError, Forbidden, NotFound
from shoal.backends.kubernetes.operators import at_work
from shoal.backends.kubernetes.remote.changes import changes, summary
from shoal.backends.kubernetes.remote.errors import KindUnknown, NoOperator
from shoal.backends.kubernetes.remote.head import RayPod
from shoal.backends.kubernetes.remote.kubectl_applied import changes_as_kubectl
from shoal.backends.kubernetes.remote.places import Place
from shoal.backends.kubernetes.resources import NAMESPACES, RAYCLUSTERS, Resource
from shoal.desired.cluster import DesiredObject
from shoal.plan.actions import ApplyObject, Plan, Reason
from shoal.world.kubernetes import CLUSTER
from shoal.world.kubernetes import Resource as Seen

Manifest = dict[str, Any]
Key = tuple[str, str]
DryRun = tuple[Manifest | None, Manifest]
"""A RayCluster as it is, None if there is none, and as it would be."""


def kind_of(manifest: Mapping[str, Any]) -> Resource:
    """The version of RayCluster that a manifest is written in."""
    return msgspec.structs.replace(RAYCLUSTERS, version=str(manifest["apiVersion"]).rpartition("/")[2])


async def seen(client: Client, place: Place, name: str) -> Seen | None:
    """The RayCluster as it is; None if there is none. Raises KindUnknown."""
    try:
        return await client.get(RAYCLUSTERS, place.namespace, name, Seen)
    except NotFound as error:
        if _names_no_object(error):
            raise _kind_unknown(place) from error
        return None


async def all_of(client: Client, place: Place, namespace: str) -> dict[Key, Seen]:
    """RayClusters by namespace and name; of all namespaces if it is "". Raises KindUnknown."""
    try:
        listed = await client.list(RAYCLUSTERS, Seen, namespace=namespace)
    except NotFound as error:
        raise _kind_unknown(place) from error
    return {(seen.metadata.namespace, seen.metadata.name): seen for seen in listed.items}


def by_cluster(pods: Sequence[RayPod]) -> dict[Key, tuple[RayPod, ...]]:
    """By namespace and name of their clusters."""
    found: dict[Key, tuple[RayPod, ...]] = {}
    for pod in pods:
        key = (pod.metadata.namespace, pod.metadata.labels[CLUSTER])
        found[key] = (*found.get(key, ()), pod)
    return found


def plan_of(place: Place, manifest: Manifest, said: DryRun) -> Plan:
    """What applying ``manifest`` would change. said: by a dry run of it."""
    name = manifest["metadata"]["name"]
    before, after = said
    if before is None:
        reason = Reason("ObjectMissing", f"there is no RayCluster {name!r} in {place}")
    elif found := changes(before, after):
        reason = Reason("ObjectChanged", summary(found))
    else:
        return Plan(name)
    return Plan(name, ((ApplyObject(DesiredObject.of("RayCluster", name, manifest), reason),),))


async def dry_run(client: Client, place: Place, manifest: Manifest) -> DryRun:
    """What the API server says that applying ``manifest`` would do. Raises what ``applied`` does."""
    before = await _found(client, place, manifest)
    return before, await _apply(client, place, manifest, before, dry_run=True)


async def applied(client: Client, place: Place, manifest: Manifest) -> Manifest:
    """Apply the manifest as it is written. Raises KindUnknown, and the API server's refusals."""
    return await _apply(client, place, manifest, await _found(client, place, manifest), dry_run=False)


async def _found(client: Client, place: Place, manifest: Manifest) -> Manifest | None:
    try:
        return await client.get(kind_of(manifest), place.namespace, manifest["metadata"]["name"], dict)
    except NotFound:
        return None


async def _apply(
    client: Client, place: Place, manifest: Manifest, before: Manifest | None, *, dry_run: bool
) -> Manifest:
    """Server-side apply, but for what kubectl has applied. before: the object as it is."""
    at = kind_of(manifest), place.namespace, manifest["metadata"]["name"]
    patch = changes_as_kubectl(before, manifest) if before is not None else None
    try:
        if patch is not None:
            return await client.merge(*at, patch, dict, dry_run=dry_run)
        return await client.apply(*at, manifest, dict, dry_run=dry_run)
    except NotFound as error:
        raise await _missing(client, place, error) from error


async def delete(client: Client, place: Place, name: str) -> None:
    """Ask for its end. Nothing if there is none."""
    try:
        await client.delete(RAYCLUSTERS, place.namespace, name)
    except NotFound as error:
        if _names_no_object(error):
            raise _kind_unknown(place) from error


async def expect_operator(client: Client, place: Place, name: str) -> None:
    """Raises NoOperator if no operator holds its Lease; nothing where that can't be looked at."""
    try:
        if await at_work(client, datetime.now(UTC).timestamp()):
            return
    except Forbidden:
        return
    raise NoOperator(
        "nothing acts on RayClusters here: it has no status, and no operator holds its lease",
        where=name,
        next_step=f"`shoal operator install{_option(place)}` installs one, and it takes this cluster up",
    )


async def _missing(client: Client, place: Place, error: NotFound) -> ApiError | KindUnknown:
    """Of a kind or of a namespace, the API server says the same."""
    if _names_no_object(error):
        try:
            await client.get(NAMESPACES, "", place.namespace, dict)
        except NotFound:
            error.next_step = f"`kubectl create namespace {place.namespace}` makes it"
            return error
        except ApiError:
            return _kind_unknown(place)
        return _kind_unknown(place)
    if "namespaces" in error.message:
        error.next_step = f"`kubectl create namespace {place.namespace}` makes it"
    return error


def _names_no_object(error: NotFound) -> bool:
    return "could not find the requested resource" in error.message or "page not found" in error.message


def _kind_unknown(place: Place) -> KindUnknown:
    step = f"`shoal operator install{_option(place)}` installs it"
    return KindUnknown("this Kubernetes cluster knows no RayCluster", where=str(place), next_step=step)


def _option(place: Place) -> str:
    return f" --context {place.context}" if place.context else ""


def names(listed: Sequence[Seen]) -> tuple[str, ...]:
    """Of RayClusters, sorted."""
    return tuple(sorted(found.metadata.name for found in listed))
