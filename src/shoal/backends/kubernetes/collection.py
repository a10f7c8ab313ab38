"""The objects of one kind: fed by a watch, and by the answers to what we wrote ourselves.

1. Of two pictures of an object the one with the greater resourceVersion holds, wherever it came from.
2. The answer to a write of ours goes in at once; unless the watch has already passed its version and holds nothing of
   that name: then the object is gone again.
3. What we deleted is shown as leaving from the moment the API server agreed, until the watch says that it is gone.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeAlias, TypeVar

from msgspec.structs import replace

from shoal.backends.kubernetes.compact import compact
from shoal.world.kubernetes import Pod, Resource, Shared

Name: TypeAlias = tuple[str, str]
"""Namespace and name of an object."""

T = TypeVar("T", Pod, Shared, Resource)
Changed: TypeAlias = Callable[[T | None, T | None, bool], None]
"""Told of (before, after, by the watch), where None stands for an object that was or is not there."""


class Collection(Generic[T]):
    """The objects of one kind that one watch tells of.

    kind: as in ``Pod``. changed: told whenever a picture is replaced.
    seen: the newest version that the watch has told of.
    """

    def __init__(self, kind: str, changed: Changed[T]) -> None:
        self.kind = kind
        self.seen = 0
        self._changed: Changed[T] = changed
        self._objects: dict[Name, T] = {}
        self._leaving: dict[str, str] = {}  # uid to when, of objects whose deletion was agreed to
        self._gone: set[str] = set()  # uids that the API server no longer knows, of which the watch may still tell

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[T]:
        return iter(self._objects.values())

    def get(self, name: Name) -> T | None:
        """The newest picture of one object."""
        return self._objects.get(name)

    def listed(self, items: Iterable[T], version: str) -> None:
        """Everything there was at ``version``; what isn't among ``items`` and isn't newer is gone."""
        at = int(version)
        present: set[Name] = set()
        for item in items:
            present.add(_name(item))
            self._put(item, by_watch=True)
        for name, held in list(self._objects.items()):
            if name not in present and _version(held) <= at:
                self._drop(name, by_watch=True)
        self._gone.clear()
        self.seen = max(self.seen, at)

    def happened(self, what: str, item: T) -> None:
        """An event of the watch: ADDED, MODIFIED or DELETED."""
        self.seen = max(self.seen, _version(item))
        if what == "DELETED":
            self._deleted(item)
        else:
            self._put(item, by_watch=True)

    def reached(self, version: str) -> None:
        """The watch has told of everything up to ``version``."""
        self.seen = max(self.seen, int(version))

    def wrote(self, item: T) -> None:
        """What the API server answered to a write, or to a question, of ours."""
        if _name(item) in self._objects or _version(item) > self.seen:
            self._put(item, by_watch=False)

    def leaves(self, name: Name, uid: str, now: str) -> None:
        """The API server agreed, at ``now``, to delete the object with this ``uid``."""
        held = self._objects.get(name)
        if held is not None and held.metadata.uid == uid and not held.metadata.deletion_timestamp:
            self._leaving[uid] = now
            self._set(name, held, by_watch=False)

    def vanished(self, name: Name, uid: str) -> None:
        """The API server knows no object with this ``uid`` any more."""
        held = self._objects.get(name)
        if held is not None and held.metadata.uid == uid:
            self._gone.add(uid)
            self._drop(name, by_watch=False)

    def forget(self, name: Name) -> None:
        """Of a collection that no watch feeds: nobody asks about this object any more."""
        if name in self._objects:
            self._drop(name, by_watch=False)

    def _put(self, item: T, *, by_watch: bool) -> None:
        name = _name(item)
        held = self._objects.get(name)
        if item.metadata.uid in self._gone or (held is not None and _version(item) <= _version(held)):
            return
        if held is not None and held.metadata.uid != item.metadata.uid:
            self._leaving.pop(held.metadata.uid, None)
        self._set(name, compact(item), by_watch=by_watch)

    def _set(self, name: Name, item: T, *, by_watch: bool) -> None:
        since = self._leaving.get(item.metadata.uid)
        if since is not None and not item.metadata.deletion_timestamp:
            item = replace(item, metadata=replace(item.metadata, deletion_timestamp=since))
        before = self._objects.get(name)
        self._objects[name] = item
        self._changed(before, item, by_watch)

    def _deleted(self, item: T) -> None:
        self._gone.discard(item.metadata.uid)
        held = self._objects.get(_name(item))
        if held is not None and (held.metadata.uid == item.metadata.uid or _version(held) < _version(item)):
            self._drop(_name(item), by_watch=True)

    def _drop(self, name: Name, *, by_watch: bool) -> None:
        before = self._objects.pop(name)
        self._leaving.pop(before.metadata.uid, None)
        self._changed(before, None, by_watch)


def _name(item: Pod | Shared | Resource) -> Name:
    return item.metadata.namespace, item.metadata.name


def _version(item: Pod | Shared | Resource) -> int:
    return int(item.metadata.resource_version)
