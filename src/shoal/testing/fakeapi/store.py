"""The objects, each with the version it got, and what changed at every version since the last compaction."""

from bisect import bisect_right
from typing import Any, Literal, TypeAlias

import msgspec

Obj: TypeAlias = dict[str, Any]
"""A JSON object. What the store holds is never changed in place."""


class Change(msgspec.Struct, frozen=True):
    """One write. before: the object it replaced; object: what it made, or the last one as it was deleted."""

    version: int
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    key: str
    object: Obj
    before: Obj | None


def key_of(namespace: str, name: str) -> str:
    """The key inside a resource, whose order is the order of lists."""
    return f"{namespace}/{name}" if namespace else name


class Store:
    """Begins at version 1. compacted: changes up to this version are forgotten. rehearses: nothing is stored."""

    def __init__(self) -> None:
        self.version = 1
        self.compacted = 0
        self.rehearses = False
        self._objects: dict[str, dict[str, Obj]] = {}
        self._changes: dict[str, list[Change]] = {}

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        """The object now."""
        return self._objects.get(resource, {}).get(key_of(namespace, name))

    def all(self, resource: str) -> dict[str, Obj]:
        """Every object of the resource now, by key."""
        return self._objects.get(resource, {})

    def resources(self) -> list[str]:
        """Those that ever had an object."""
        return list(self._objects)

    def put(self, resource: str, item: Obj) -> Obj:
        """Store the object under the next version, and give it back with that version."""
        if self.rehearses:
            return item
        meta = item["metadata"]
        self.version += 1
        stored = {**item, "metadata": {**meta, "resourceVersion": str(self.version)}}
        key = key_of(meta.get("namespace", ""), meta["name"])
        objects = self._objects.setdefault(resource, {})
        before = objects.get(key)
        objects[key] = stored
        self._note(resource, Change(self.version, "MODIFIED" if before else "ADDED", key, stored, before))
        return stored

    def remove(self, resource: str, namespace: str, name: str) -> Obj:
        """Delete the object, and give it back with the version of its deletion."""
        key = key_of(namespace, name)
        if self.rehearses:
            return self._objects[resource][key]
        self.version += 1
        before = self._objects[resource].pop(key)
        gone = {**before, "metadata": {**before["metadata"], "resourceVersion": str(self.version)}}
        self._note(resource, Change(self.version, "DELETED", key, gone, before))
        return gone

    def since(self, resource: str, version: int) -> list[Change]:
        """The changes of the resource after that version."""
        changes = self._changes.get(resource, [])
        return changes[bisect_right(changes, version, key=lambda change: change.version) :]

    def at(self, resource: str, version: int) -> dict[str, Obj]:
        """Every object of the resource as of that version, which is not older than the last compaction."""
        objects = self.all(resource)
        later = self.since(resource, version)
        if not later:
            return objects
        objects = dict(objects)
        for change in reversed(later):
            if change.before is None:
                del objects[change.key]
            else:
                objects[change.key] = change.before
        return objects

    def compact(self, version: int) -> None:
        """Forget what changed up to that version."""
        self.compacted = max(self.compacted, min(version, self.version))
        self._changes = {resource: self.since(resource, self.compacted) for resource in self._changes}

    def _note(self, resource: str, change: Change) -> None:
        self._changes.setdefault(resource, []).append(change)
