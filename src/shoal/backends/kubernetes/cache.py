"""A collection for every kind that clusters are made of, in every namespace that is watched."""

from collections.abc import Mapping, Sequence

from shoal.backends.kubernetes.collection import Collection
from shoal.backends.kubernetes.resources import (
    INGRESSES,
    JOBS,
    NETWORKPOLICIES,
    PERSISTENTVOLUMECLAIMS,
    ROLEBINDINGS,
    ROLES,
    ROUTES,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
    Resource,
)
from shoal.backends.kubernetes.store import Key, Store, Wake
from shoal.world import kubernetes as world
from shoal.world.kubernetes import Pod, Shared

EVERYWHERE = ("",)
WATCHED: Mapping[str, Resource] = {
    resource.kind: resource
    for resource in (
        SERVICES,
        NETWORKPOLICIES,
        INGRESSES,
        PERSISTENTVOLUMECLAIMS,
        SERVICEACCOUNTS,
        ROLES,
        ROLEBINDINGS,
        JOBS,
    )
}
"""Kinds of objects beside pods that clusters are made of, and that are watched; by kind."""
UNWATCHED: Mapping[str, Resource] = {SECRETS.kind: SECRETS}
"""Those that nobody should be able to list: what we wrote, or asked for by name, is kept until its cluster is gone."""
SHARED: Mapping[str, Resource] = {**WATCHED, **UNWATCHED, ROUTES.kind: ROUTES}


class Cache:
    """The store, and the collections that fill it.

    namespaces: those that are watched; EVERYWHERE for all.
    """

    def __init__(self, wake: Wake, namespaces: Sequence[str] = EVERYWHERE) -> None:
        self.store = Store(wake)
        self.namespaces = tuple(namespaces)
        self._pods = {scope: self.store.collection("Pod", Pod) for scope in self.namespaces}
        self._resources = {scope: self.store.collection("RayCluster", world.Resource) for scope in self.namespaces}
        self._shared: dict[tuple[str, str], Collection[Shared]] = {}

    def pods(self, namespace: str) -> Collection[Pod]:
        """The pods of ``namespace``."""
        return self._pods[self._scope(namespace)]

    def resources(self, namespace: str) -> Collection[world.Resource]:
        """The RayClusters of ``namespace``."""
        return self._resources[self._scope(namespace)]

    def shared(self, kind: str, namespace: str) -> Collection[Shared]:
        """The objects of another kind."""
        at = (kind, self._scope(namespace))
        if at not in self._shared:
            self._shared[at] = self.store.collection(kind, Shared)
        return self._shared[at]

    def forget_unwatched(self, key: Key) -> None:
        """The cluster is gone: so is what no watch would tell of."""
        for name in [name for name in self.store.names(key) if name.partition("/")[0] in UNWATCHED]:
            kind, _, plain = name.partition("/")
            self.shared(kind, key[0]).forget((key[0], plain))

    def _scope(self, namespace: str) -> str:
        return namespace if self.namespaces != EVERYWHERE else ""
