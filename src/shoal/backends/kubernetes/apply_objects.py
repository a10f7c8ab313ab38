"""What a cluster's pods share: made, kept as it is wanted, and removed."""

import contextlib
import secrets
from datetime import datetime

from shoal.backends.kubernetes import manifests
from shoal.backends.kubernetes.cache import SHARED
from shoal.backends.kubernetes.errors import AlreadyExists, Conflict, NotFound
from shoal.backends.kubernetes.manifests import Contents
from shoal.backends.kubernetes.resources import SERVICES
from shoal.backends.kubernetes.work import NameTaken, Work
from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes.certificates import TLS_SECRET
from shoal.plan.actions import ApplyObject, RemoveObject
from shoal.world.kubernetes import Resource, Shared

TOKEN_BYTES = 32
NAME_BYTES = 6
"""Of what the name of a Secret's contents is made: another name each time is all it has to be."""


async def apply(work: Work, action: ApplyObject) -> None:
    """Make the object, or bring it to what is wanted.

    Server-side apply does both. It takes fields from others only once the object is known to be the cluster's own, and
    what is older than the cluster is given back as it was. What has generated values is created and never changed.
    """
    wanted = action.object
    if wanted.generated:
        await _create(work, wanted)
        return
    held = work.cache.shared(wanted.kind, work.namespace).get((work.namespace, wanted.name))
    if held is not None:
        work.refuse_strangers(wanted.kind, held.metadata)
        if held.metadata.deletion_timestamp:
            return  # it is made anew when it has gone
        if _has_another_address(held, wanted):
            await remove(work, RemoveObject(wanted.key, action.reason))
            return
    try:
        await _apply(work, wanted, force=held is not None)
    except Conflict as conflict:
        await _refuse_unowned(work, wanted, conflict)
        await _apply(work, wanted, force=True)


async def remove(work: Work, action: RemoveObject) -> None:
    """Delete the very object that was seen."""
    kind, _, name = action.object.partition("/")
    await work.delete(SHARED[kind], work.cache.shared(kind, work.namespace), name)


async def _create(work: Work, wanted: DesiredObject) -> None:
    """Make a Secret that isn't there; one that was deleted as it was, since nodes have what was in it."""
    before = work.secrets.contents(work.observed, wanted.name)
    if before is not None or work.observed.pods:  # it was there once
        with contextlib.suppress(NotFound):
            await _found(work, wanted)
            return
        work.secrets.is_gone(work.observed, wanted.name)
    contents = before or _generated(wanted, work.now())
    body = manifests.shared(wanted, work.observed.resource, contents)
    try:
        made = await work.client.create(SHARED[wanted.kind], work.namespace, body, Shared)
    except AlreadyExists:
        await _found(work, wanted)
        return
    work.secrets.is_there(work.observed, made, contents)


async def _found(work: Work, wanted: DesiredObject) -> None:
    """Take note of the Secret that is there. Raises NotFound, and NameTaken for somebody else's."""
    found = await work.client.get(SHARED[wanted.kind], work.namespace, wanted.name, Shared)
    work.refuse_strangers(wanted.kind, found.metadata)
    work.secrets.is_there(work.observed, found)


def _generated(wanted: DesiredObject, now: datetime) -> Contents:
    """What a new Secret is filled with."""
    name = secrets.token_hex(NAME_BYTES)
    if wanted.body.get("type") == TLS_SECRET:
        from shoal.backends.kubernetes.certificates import new_authority

        return Contents(new_authority(wanted.name, now), name)
    return Contents({key: secrets.token_urlsafe(TOKEN_BYTES) for key in wanted.generated}, name)


async def _apply(work: Work, wanted: DesiredObject, *, force: bool) -> None:
    body = manifests.shared(wanted, work.observed.resource)
    made = await work.client.apply(SHARED[wanted.kind], work.namespace, wanted.name, body, Shared, force=force)
    if not force and _is_older(made, work.observed.resource) and not wanted.kept:
        await _give_back(work, wanted)
        raise _taken(work, wanted, "it is older than the cluster")
    work.cache.shared(wanted.kind, work.namespace).wrote(made)


async def _refuse_unowned(work: Work, wanted: DesiredObject, conflict: Conflict) -> None:
    """Raises NameTaken for an object that bears no mark of this cluster, whoever has made it."""
    found = await work.client.get(SHARED[wanted.kind], work.namespace, wanted.name, Shared)
    work.refuse_strangers(wanted.kind, found.metadata)
    uid = work.observed.resource.metadata.uid
    if not wanted.kept and not any(owner.uid == uid for owner in found.metadata.owner_references):
        raise _taken(work, wanted, f"it says otherwise: {conflict.message}")


def _taken(work: Work, wanted: DesiredObject, why: str) -> NameTaken:
    return NameTaken(
        f"there is already a {wanted.kind} {wanted.name!r} that the operator has not made: {why}",
        where=f"{work.namespace}/{wanted.name}",
        next_step="rename the cluster or remove that object",
    )


def _is_older(made: Shared, cluster: Resource) -> bool:
    """Whether what answered an apply was there before the cluster, so that it is somebody else's."""
    return made.metadata.creation_timestamp < cluster.metadata.creation_timestamp


async def _give_back(work: Work, wanted: DesiredObject) -> None:
    """Apply nothing at all: every field that only we have set goes, our being its owner first of all."""
    body = {"apiVersion": wanted.body["apiVersion"], "kind": wanted.kind, "metadata": {"name": wanted.name}}
    await work.client.apply(SHARED[wanted.kind], work.namespace, wanted.name, body, Shared, force=False)


def _has_another_address(held: Shared, wanted: DesiredObject) -> bool:
    """Whether a Service has an address where none is wanted, or the other way round: the API server changes neither."""
    spec = wanted.body.get("spec", {})
    address = held.spec.cluster_ip
    if wanted.kind != SERVICES.kind or not address or spec.get("type") == "ExternalName":
        return False
    asked = spec.get("clusterIP", "")
    return asked != address if asked else address == "None"
