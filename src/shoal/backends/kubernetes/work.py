"""What every action of a plan needs to be carried out."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeAlias

import msgspec

from shoal.backends.kubernetes.cache import Cache
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.collection import Collection
from shoal.backends.kubernetes.errors import Fate, NotFound
from shoal.backends.kubernetes.manifests import Contents
from shoal.backends.kubernetes.resources import RAYCLUSTERS, Resource
from shoal.desired.cluster import DesiredCluster
from shoal.errors import ActionFailed
from shoal.world.kubernetes import Meta, Observed, Pod, Shared, timestamp
from shoal.world.kubernetes import Resource as RayCluster

Now: TypeAlias = Callable[[], datetime]
Held: TypeAlias = Collection[Pod] | Collection[Shared] | Collection[RayCluster]


class Drain(Protocol):
    """Tells a cluster's Ray to give a node no more work from now on. Raises ActionFailed."""

    async def __call__(self, observed: Observed, desired: DesiredCluster, ray_id: str, deadline_s: int) -> bool:
        """Whether it does nothing. deadline_s: how long it has for what it does already."""
        ...


class Secrets(Protocol):
    """What is known of the Secrets of clusters, which no watch tells of."""

    def contents(self, observed: Observed, secret: str) -> Contents | None:
        """What is, or was, in one; None where nobody knows."""
        ...

    def is_there(self, observed: Observed, found: Shared, contents: Contents | None = None) -> None:
        """The API server has just shown it. contents: what is in it, where that was seen."""
        ...

    def is_gone(self, observed: Observed, secret: str) -> None:
        """The API server has just said that it isn't there."""
        ...


class NameTaken(ActionFailed):
    """An object that the cluster needs can't be made: one of that name is there and belongs to something else.

    Nothing of it was changed. Rename the cluster or remove the other object; the operator tries again by itself.
    """

    code = "E721"
    fate = Fate.USER


class Work(msgspec.Struct, frozen=True):
    """One cluster, as it was seen and as it is wanted, and the means to change it. now: UTC."""

    client: Client
    cache: Cache
    observed: Observed
    desired: DesiredCluster
    now: Now
    secrets: Secrets

    @property
    def namespace(self) -> str:
        """Where all of the cluster's objects are."""
        return self.observed.resource.metadata.namespace

    async def delete(self, resource: Resource, held: Held, name: str) -> None:
        """Delete the very object that was seen, and no other that got its name since; once."""
        at = (self.namespace, name)
        seen = held.get(at)
        if seen is None or seen.metadata.deletion_timestamp:
            return
        uid = seen.metadata.uid
        try:
            await self.client.delete(resource, *at, uid=uid)
        except NotFound:
            held.vanished(at, uid)
        else:
            held.leaves(at, uid, timestamp(self.now()))

    def refuse_strangers(self, kind: str, found: Meta) -> None:
        """Raises NameTaken if ``found`` is under the control of anything but this very RayCluster."""
        ours = self.observed.resource.metadata
        for owner in found.owner_references:
            if owner.controller and owner.uid != ours.uid:
                goes = (owner.kind, owner.name) == (RAYCLUSTERS.kind, ours.name)
                whose = "an earlier cluster of that name, and goes with it" if goes else f"{owner.kind} {owner.name!r}"
                taken = NameTaken(
                    f"the {kind} {found.name!r} belongs to {whose}",
                    where=f"{self.namespace}/{found.name}",
                    next_step="" if goes else "rename the cluster or remove that object",
                )
                taken.fate = Fate.RETRY if goes else taken.fate
                raise taken
