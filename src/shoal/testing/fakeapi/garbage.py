"""The garbage collector: objects whose owners are gone, and owners that wait for their dependents."""

from typing import Any

from shoal.testing.fakeapi.delete import FOREGROUND, ORPHAN, Options, Preconditions
from shoal.testing.fakeapi.inside import Inside
from shoal.testing.fakeapi.kinds import BY_KIND, BY_RESOURCE
from shoal.testing.fakeapi.state import with_meta
from shoal.testing.fakeapi.store import Obj

Found = tuple[str, Obj]


class Garbage:
    """Acts through ``inside``."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def collect(self) -> None:
        """All that there is to do, until nothing is left to do."""
        version = -1
        while version != self._store.version:
            version = self._store.version
            for resource, item in self._all():
                self._attend(resource, item)

    @property
    def _store(self) -> Any:
        return self._inside.server.state.store

    def _all(self) -> list[Found]:
        return [(resource, item) for resource in self._store.resources() for item in self._inside.all(resource)]

    def _attend(self, resource: str, item: Obj) -> None:
        """One object: as an owner that is going, and as a dependent."""
        meta = item["metadata"]
        current = self._store.get(resource, meta.get("namespace", ""), meta["name"])
        if current is None or current["metadata"]["uid"] != meta["uid"]:
            return
        finalizers = current["metadata"].get("finalizers", ()) if "deletionTimestamp" in current["metadata"] else ()
        if ORPHAN in finalizers:
            self._let_go(resource, current)
        elif FOREGROUND in finalizers:
            self._finish_foreground(resource, current)
        elif "deletionTimestamp" not in current["metadata"] and current["metadata"].get("ownerReferences"):
            self._judge(resource, current)

    def _let_go(self, resource: str, owner: Obj) -> None:
        for other, dependent in self._dependents(owner):
            self._disown(other, dependent, {owner["metadata"]["uid"]})
        self._without(resource, owner, ORPHAN)

    def _finish_foreground(self, resource: str, owner: Obj) -> None:
        dependents = self._dependents(owner)
        for other, dependent in dependents:
            if "deletionTimestamp" not in dependent["metadata"]:
                self._judge(other, dependent)
        uid = owner["metadata"]["uid"]
        if not any(_blocks(dependent, uid) for _, dependent in self._dependents(owner)):
            self._without(resource, owner, FOREGROUND)

    def _without(self, resource: str, item: Obj, finalizer: str) -> None:
        meta = item["metadata"]
        current = self._store.get(resource, meta.get("namespace", ""), meta["name"])
        left = [one for one in current["metadata"].get("finalizers", ()) if one != finalizer]
        self._inside.put(resource, current, with_meta(current, finalizers=left or None))

    def _dependents(self, owner: Obj) -> list[Found]:
        uid = owner["metadata"]["uid"]
        return [
            (resource, item)
            for resource, item in self._all()
            if any(ref["uid"] == uid for ref in item["metadata"].get("ownerReferences", ()))
        ]

    def _judge(self, resource: str, item: Obj) -> None:
        """Keep it if an owner is there, else delete it."""
        solid, gone, waiting = set(), set(), set()
        for ref in item["metadata"].get("ownerReferences", ()):
            owner = self._owner(resource, item, ref)
            if owner is None:
                gone.add(ref["uid"])
            elif _waits(owner):
                waiting.add(ref["uid"])
            else:
                solid.add(ref["uid"])
        if solid:
            if gone or waiting:
                self._disown(resource, item, gone | waiting)
            return
        policy = "Foreground" if waiting and self._dependents(item) else self._policy(item)
        options = Options(preconditions=Preconditions(uid=item["metadata"]["uid"]), propagation_policy=policy)
        self._inside.drop(resource, item, options)

    def _policy(self, item: Obj) -> str:
        finalizers = item["metadata"].get("finalizers", ())
        if ORPHAN in finalizers:
            return "Orphan"
        return "Foreground" if FOREGROUND in finalizers else "Background"

    def _owner(self, resource: str, item: Obj, ref: dict[str, Any]) -> Obj | None:
        kind = BY_KIND.get((ref["apiVersion"], ref["kind"]))
        if kind is None:
            return item  # of a kind that is not known: never collected
        namespace = item["metadata"].get("namespace", "") if kind.namespaced else ""
        if kind.namespaced and not BY_RESOURCE[resource].namespaced:
            return item  # a cluster's object can't have an owner in a namespace: never collected
        owner: Obj | None = self._store.get(kind.resource, namespace, ref["name"])
        return owner if owner is not None and owner["metadata"]["uid"] == ref["uid"] else None

    def _disown(self, resource: str, item: Obj, uids: set[str]) -> None:
        left = [ref for ref in item["metadata"].get("ownerReferences", ()) if ref["uid"] not in uids]
        self._inside.put(resource, item, with_meta(item, owner_references=left or None))


def _waits(owner: Obj) -> bool:
    """Whether the owner is being deleted after its dependents."""
    return "deletionTimestamp" in owner["metadata"] and FOREGROUND in owner["metadata"].get("finalizers", ())


def _blocks(dependent: Obj, uid: str) -> bool:
    refs = dependent["metadata"].get("ownerReferences", ())
    return any(ref["uid"] == uid and ref.get("blockOwnerDeletion") for ref in refs)
