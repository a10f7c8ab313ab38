"""What a cluster's pods share: made, kept as it is wanted, and removed."""

import secrets
from datetime import datetime

from shoal.backends.kubernetes import manifests
from shoal.backends.kubernetes.cache import SHARED
from shoal.backends.kubernetes.errors import AlreadyExists, Conflict, NotFound
from shoal.backends.kubernetes.work import NameTaken, Work
from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes.certificates import TLS_SECRET
from shoal.plan.actions import ApplyObject, RemoveObject
from shoal.world.kubernetes import Shared

TOKEN_BYTES = 32


async def apply(work: Work, action: ApplyObject) -> None:
    """Make the object, or bring it to what is wanted.

    Server-side apply does both. It takes fields from others only once the object is known to be the cluster's own; an
    object with values made at random is created and never changed.
    """
    wanted = action.object
    if wanted.generated:
        await _create(work, wanted)
        return
    held = work.cache.shared(wanted.kind, work.namespace).get((work.namespace, wanted.name))
    if held is not None:
        work.refuse_strangers(wanted.kind, held.metadata)
    try:
        await _apply(work, wanted, force=held is not None)
    except Conflict as conflict:
        await _refuse_unowned(work, wanted, conflict)
        await _apply(work, wanted, force=True)


async def remove(work: Work, action: RemoveObject) -> None:
    """Delete the very object that was seen."""
    kind, _, plain = action.object.partition("/")
    name = (work.namespace, plain)
    objects = work.cache.shared(kind, work.namespace)
    held = objects.get(name)
    if held is None or held.metadata.deletion_timestamp:
        return
    uid = held.metadata.uid
    try:
        await work.client.delete(SHARED[kind], *name, uid=uid)
    except NotFound:
        objects.vanished(name, uid)
    else:
        objects.leaves(name, uid, work.now().strftime("%Y-%m-%dT%H:%M:%SZ"))


async def _create(work: Work, wanted: DesiredObject) -> None:
    values = _generated(wanted, work.now())
    body = manifests.shared(wanted, work.observed.resource, values)
    resource = SHARED[wanted.kind]
    try:
        made = await work.client.create(resource, work.namespace, body, Shared)
        work.made_secret(work.observed, wanted.name, values)
    except AlreadyExists:
        made = await work.client.get(resource, work.namespace, wanted.name, Shared)
        work.refuse_strangers(wanted.kind, made.metadata)
    work.cache.shared(wanted.kind, work.namespace).wrote(made)


def _generated(wanted: DesiredObject, now: datetime) -> dict[str, str]:
    """What a new Secret is filled with, by its keys."""
    if wanted.body.get("type") == TLS_SECRET:
        from shoal.backends.kubernetes.certificates import new_authority

        return new_authority(wanted.name, now)
    return {key: secrets.token_urlsafe(TOKEN_BYTES) for key in wanted.generated}


async def _apply(work: Work, wanted: DesiredObject, *, force: bool) -> None:
    body = manifests.shared(wanted, work.observed.resource)
    made = await work.client.apply(SHARED[wanted.kind], work.namespace, wanted.name, body, Shared, force=force)
    work.cache.shared(wanted.kind, work.namespace).wrote(made)


async def _refuse_unowned(work: Work, wanted: DesiredObject, conflict: Conflict) -> None:
    """Raises NameTaken for an object that bears no mark of this cluster, whoever has made it."""
    found = await work.client.get(SHARED[wanted.kind], work.namespace, wanted.name, Shared)
    work.refuse_strangers(wanted.kind, found.metadata)
    uid = work.observed.resource.metadata.uid
    if not wanted.kept and not any(owner.uid == uid for owner in found.metadata.owner_references):
        raise NameTaken(
            f"there is already a {wanted.kind} {wanted.name!r} that says otherwise: {conflict.message}",
            where=f"{work.namespace}/{wanted.name}",
            next_step="rename the cluster or remove that object",
        )
