"""Every object of every cluster, by the cluster that it belongs to."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeAlias, TypeVar

from shoal.backends.kubernetes.collection import Collection
from shoal.backends.kubernetes.compact import equivalent
from shoal.world.from_kubernetes import came_nearer, is_ready, noted_seat
from shoal.world.kubernetes import CLUSTER, GROUP, Failure, Observed, Pod, RayView, Resource, Shared

Key: TypeAlias = tuple[str, str]
"""Namespace and name of a RayCluster."""
Wake: TypeAlias = Callable[[Key, bool], None]
Kept: TypeAlias = Pod | Shared | Resource

T = TypeVar("T", Pod, Shared, Resource)


class Store:
    """The objects that watches and our own writes tell of, joined by cluster.

    wake: called with the key of a cluster when a watch tells of a change that may decide something, and with whether
    that should be soon.
    """

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self._clusters: dict[Key, dict[str, Kept]] = {}
        self._numbers = count(1)
        self._changes: dict[Key, int] = {}
        self._gone: dict[Key, dict[tuple[str, int], str]] = {}  # the last pod that went from each number of a group

    def collection(self, kind: str, type_: type[T]) -> Collection[T]:
        """A new collection of objects of ``kind``, whose changes this store follows."""

        def changed(before: T | None, after: T | None, by_watch: bool) -> None:
            if by_watch and isinstance(before, Pod) and after is None:
                self._remember(before)
            for picture in (before, after):
                if picture is not None:
                    self._file(kind, picture, present=picture is after)
            if by_watch and not equivalent(before, after):
                for key in {_key(picture) for picture in (before, after) if picture is not None}:
                    self._wake(key, not (came_nearer(before, after) and self._waits_for_pods(key)))

        return Collection(kind, changed)

    def __iter__(self) -> Iterator[Key]:
        """Every cluster of which anything is known."""
        return iter(self._clusters)

    def __len__(self) -> int:
        return len(self._clusters)

    def names(self, key: Key) -> Iterator[str]:
        """``KIND/NAME`` of everything that is known of one cluster."""
        return iter(self._clusters.get(key, {}))

    def resource(self, key: Key) -> Resource | None:
        """The RayCluster itself."""
        found = self._clusters.get(key, {}).get(f"RayCluster/{key[1]}")
        return found if isinstance(found, Resource) else None

    def changes(self, key: Key) -> int:
        """A number that is another one after every change of what is known of this cluster; 0 for nothing."""
        return self._changes.get(key, 0)

    def observed(
        self,
        key: Key,
        ray: RayView | None = None,
        failure: Failure | None = None,
        doubted: frozenset[str] = frozenset(),
    ) -> Observed | None:
        """All that is known of one RayCluster; None if it isn't there. The rest: as in Observed."""
        resource = self.resource(key)
        if resource is None:
            return None
        objects = sorted(self._clusters[key].items())
        return Observed(
            resource,
            tuple(found for _, found in objects if isinstance(found, Pod)),
            {name: found for name, found in objects if isinstance(found, Shared)},
            ray,
            failure,
            doubted=doubted,
            gone=frozenset(self._gone.get(key, {}).values()),
        )

    def _waits_for_pods(self, key: Key) -> bool:
        return any(isinstance(found, Pod) and not is_ready(found) for found in self._clusters[key].values())

    def _file(self, kind: str, picture: Kept, *, present: bool) -> None:
        key = _key(picture)
        objects = self._clusters.setdefault(key, {})
        self._changes[key] = next(self._numbers)
        if present:
            objects[f"{kind}/{picture.metadata.name}"] = picture
        else:
            objects.pop(f"{kind}/{picture.metadata.name}", None)
            if not objects:
                del self._clusters[key], self._changes[key]
                self._gone.pop(key, None)

    def _remember(self, gone: Pod) -> None:
        """The watch says so. Who merely doesn't find a pod may be mistaken: its name, asked for again, would tell."""
        seat = noted_seat(gone)
        if seat is not None:
            at = (gone.metadata.labels.get(GROUP, ""), seat.number)
            self._gone.setdefault(_key(gone), {})[at] = gone.metadata.name


def _key(picture: Kept) -> Key:
    meta = picture.metadata
    return meta.namespace, meta.name if isinstance(picture, Resource) else meta.labels.get(CLUSTER, "")
