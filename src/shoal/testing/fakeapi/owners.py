"""Who owns which fields: ``metadata.managedFields``, by updates and by server-side apply."""

from collections.abc import Iterable
from typing import Any

import msgspec

from shoal.testing.fakeapi import fields
from shoal.testing.fakeapi.fields import NONE, Path, Paths
from shoal.testing.fakeapi.merge import merged, tree_of, without
from shoal.testing.fakeapi.refusals import Refused
from shoal.testing.fakeapi.store import Obj
from shoal.testing.fakeapi.types import Type

MOST_UPDATERS = 10
_UNOWNED = (
    "managedFields",
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "generation",
    "resourceVersion",
)
STRIPPED: Paths = frozenset(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",), *(("f:metadata", f"f:{name}") for name in _UNOWNED)]
)


class Manager(msgspec.Struct, frozen=True):
    """Who writes. version: as ``apps/v1``, "" for one that applies."""

    name: str
    applies: bool
    version: str
    subresource: str = ""

    def __str__(self) -> str:
        said = f'"{self.name}"' + (f' with subresource "{self.subresource}"' if self.subresource else "")
        return said if self.applies else f"{said} using {self.version}"


class Owned(msgspec.Struct, frozen=True):
    """The fields of one manager. time: of its last write, "" if that is not known. entry: as an object holds it."""

    paths: Paths
    version: str
    time: str
    entry: dict[str, Any] | None = None


Owners = dict[Manager, Owned]


class Write(msgspec.Struct, frozen=True):
    """Who writes through which door. reset: the paths that the door does not let through."""

    name: str
    version: str
    time: str
    subresource: str = ""
    reset: tuple[Path, ...] = ()
    force: bool = False


def owners_of(item: Obj) -> Owners:
    """The owners that the object names."""
    found: Owners = {}
    for entry in item.get("metadata", {}).get("managedFields") or ():
        applies = entry["operation"] == "Apply"
        manager = Manager(
            entry.get("manager", ""), applies, "" if applies else entry["apiVersion"], entry.get("subresource", "")
        )
        paths = fields.decoded(entry.get("fieldsV1") or {})
        found[manager] = Owned(paths, entry["apiVersion"], entry.get("time", ""), entry)
    return found


def with_owners(item: Obj, owners: Owners) -> Obj:
    """The object, naming these owners."""
    meta = {name: value for name, value in item["metadata"].items() if name != "managedFields"}
    if owners:
        order = sorted(owners, key=lambda one: (not one.applies, owners[one].time, one.name, owners[one].version))
        meta["managedFields"] = [_entry(manager, owners[manager]) for manager in order]
    return {**item, "metadata": meta}


def _entry(manager: Manager, owned: Owned) -> dict[str, Any]:
    if owned.entry is not None:
        return owned.entry
    entry: dict[str, Any] = {
        "manager": manager.name,
        "operation": "Apply" if manager.applies else "Update",
        "apiVersion": owned.version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields.encoded(owned.paths),
    }
    if owned.time:
        entry["time"] = owned.time
    return entry | ({"subresource": manager.subresource} if manager.subresource else {})


def after_update(live: Obj, item: Obj, kind: Type, owners: Owners, write: Write, *, new: bool = False) -> Owners:
    """The owners after ``write`` made ``item`` of ``live``. new: whether it didn't exist."""
    if not owners and not new:
        return {}
    change = fields.diff(_bare(live), _bare(item), kind).without(write.reset)
    taken = change.added | change.modified
    left = _less(owners, taken | change.removed, None)
    mine = taken - STRIPPED
    if mine:
        me = Manager(write.name or "unknown", False, write.version, write.subresource)
        before = left[me].paths if me in left else NONE
        left[me] = Owned(mine | before, write.version, write.time)
    return _capped(left)


def _bare(item: Obj) -> Obj:
    if "managedFields" not in item.get("metadata", {}):
        return item
    return {**item, "metadata": {name: value for name, value in item["metadata"].items() if name != "managedFields"}}


def _less(owners: Owners, paths: Paths, but: Manager | None) -> Owners:
    left: Owners = {}
    for manager, owned in owners.items():
        kept = owned.paths if manager == but else owned.paths - paths
        if len(kept) == len(owned.paths):
            left[manager] = owned
        elif kept:
            left[manager] = Owned(kept, owned.version, owned.time)
    return left


def _capped(owners: Owners) -> Owners:
    """With at most so many updaters: the oldest become one."""
    updaters = sorted((one for one in owners if not one.applies), key=lambda one: (owners[one].time, one.name))
    if len(updaters) <= MOST_UPDATERS:
        return owners
    old = updaters[: len(updaters) - MOST_UPDATERS + 1]
    left = {manager: owned for manager, owned in owners.items() if manager not in old}
    paths = frozenset().union(*(owners[manager].paths for manager in old))
    last = owners[old[-1]]
    left[Manager("ancient-changes", False, last.version)] = Owned(paths, last.version, last.time)
    return left


def applied(live: Obj, config: Obj, blank: Obj, kind: Type, owners: Owners, write: Write) -> tuple[Obj, Owners]:
    """``live`` with what ``config`` applies, less what its manager no longer applies; and the owners then.

    blank: what an object of the kind has anyway. Raises Refused when others own what it would change, unless
    ``write.force``.
    """
    if not owners:
        before_all = msgspec.structs.replace(write, name="before-first-apply", subresource="")
        owners = after_update(blank, live, kind, {}, before_all, new=True)
    live = _bare(live)
    me = Manager(write.name, True, "", write.subresource)
    last = owners[me].paths if me in owners else NONE
    mine = fields.below(fields.paths_of(config, kind), write.reset)
    before = owners[me].time if me in owners else ""
    owners = owners | {me: Owned(mine, write.version, before)}
    new = merged(live, config, kind)
    if last:
        new = _pruned(new, kind, last, owners)
    change = fields.diff(live, new, kind).without(write.reset)
    taken = change.added | change.modified
    conflicts = {
        manager: owned.paths & taken for manager, owned in owners.items() if manager != me and owned.paths & taken
    }
    if conflicts and not write.force:
        raise conflict_of(conflicts)
    owners = _less(_less(owners, taken, me), change.removed, me)
    stripped = mine - STRIPPED
    owners.pop(me, None)
    if stripped:
        owners[me] = Owned(stripped, write.version, before if change.is_none else write.time)
    return (live if change.is_none else new), owners


def _pruned(new: Obj, kind: Type, last: Paths, owners: Owners) -> Obj:
    """Less what the manager applied last time, unless someone owns it now."""
    result: Obj = without(new, tree_of(fields.with_names(last, kind)), kind) or {}
    owned = frozenset().union(*(fields.with_names(one.paths, kind) for one in owners.values()))
    everything = fields.with_names(fields.paths_of(new, kind), kind)
    kept = fields.with_names(fields.paths_of(result, kind), kind)
    result = without(new, tree_of(everything - (kept | owned)), kind) or {}
    kept = fields.with_names(fields.paths_of(result, kind), kind)
    return without(new, tree_of((everything - kept) & fields.with_names(last, kind)), kind) or {}


def conflict_of(conflicts: dict[Manager, Paths]) -> Refused:
    """409, naming every field that another manager owns."""
    found = [
        (manager, fields.spelled(path)) for manager in conflicts for path in sorted(conflicts[manager], key=_order)
    ]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
        for manager, path in found
    ]
    if len(found) == 1:
        message = f"Apply failed with 1 conflict: conflict with {found[0][0]}: {found[0][1]}"
    else:
        lines: list[str] = []
        for manager in sorted(conflicts, key=lambda one: (one.name, not one.applies, one.version, one.subresource)):
            lines.append(f"conflicts with {manager}:")
            lines += [f"- {path}" for one, path in found if one == manager]
        message = f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)
    return Refused(409, "Conflict", message, {"causes": causes})


def _order(path: Path) -> tuple[tuple[bool, str], ...]:
    """Paths in the order of the server: what is owned here before what is owned further in."""
    return tuple((depth < len(path), element) for depth, element in enumerate(path, start=1))


def same_but_for_times(old: Obj, new: Obj) -> bool:
    """Whether the two differ at most in when their owners wrote."""
    if len(old["metadata"].get("managedFields", ())) != len(new["metadata"].get("managedFields", ())):
        return False
    return _timeless(old) == _timeless(new)


def _timeless(item: Obj) -> Obj:
    meta = {name: value for name, value in item["metadata"].items() if name != "resourceVersion"}
    entries: Iterable[dict[str, Any]] = meta.get("managedFields", ())
    meta["managedFields"] = [{k: v for k, v in entry.items() if k != "time"} for entry in entries]
    return {**item, "metadata": meta}
