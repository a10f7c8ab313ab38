"""Changing objects: by PUT, by a patch, by server-side apply."""

from shoal.testing.fakeapi import meta, refusals
from shoal.testing.fakeapi.allocate import allocated
from shoal.testing.fakeapi.kinds import Kind
from shoal.testing.fakeapi.owners import Owners, Write, after_update, owners_of, same_but_for_times, with_owners
from shoal.testing.fakeapi.pods import tolerant
from shoal.testing.fakeapi.schemas import type_of
from shoal.testing.fakeapi.state import State, with_meta
from shoal.testing.fakeapi.store import Obj
from shoal.testing.fakeapi.validate import wrong_status, wrong_update

STALE = "the object has been modified; please apply your changes to the latest version and try again"


def update(state: State, kind: Kind, old: Obj, new: Obj, write: Write, owners: Owners | None = None) -> Obj:
    """Store what ``new`` changes of ``old``. owners: where they are known. Raises Refused."""
    name = old["metadata"]["name"]
    if owners is None:
        given = owners_of(new) if not write.subresource else {}
        owners = after_update(_seen(kind, old), _seen(kind, new), type_of(kind), given or owners_of(old), write)
    new = with_owners(new, owners)
    _check_version(kind, old, new)
    new = _prepared(state, kind, old, new, write.subresource)
    faults = [*meta.wrong_meta(kind, new), *meta.wrong_change(old, new)]
    faults += wrong_status(kind, new) if write.subresource else wrong_update(kind, old, new)
    if faults:
        raise refusals.invalid(kind.group, kind.kind, name, faults)
    new = with_meta(new, resource_version=old["metadata"]["resourceVersion"])
    new["apiVersion"] = old["apiVersion"]  # what is stored has one version, whichever it was written in
    if same_but_for_times(old, new):
        new = with_meta(new, managed_fields=old["metadata"].get("managedFields"))
    if _is_last_finalizer_gone(kind, old, new):
        state.store.remove(kind.resource, old["metadata"].get("namespace", ""), name)
        return new
    uid = old["metadata"]["uid"]
    if new == old and uid not in state.unsettled:
        return old
    state.unsettled.discard(uid)
    return state.store.put(kind.resource, new)


def _seen(kind: Kind, item: Obj) -> Obj:
    return item


def _check_version(kind: Kind, old: Obj, new: Obj) -> None:
    name, given = old["metadata"]["name"], new["metadata"].get("resourceVersion", "")
    if given in ("", "0"):
        if not kind.unconditional:
            fault = refusals.Fault("metadata.resourceVersion", "Invalid value", "0", "must be specified for an update")
            raise refusals.invalid(kind.group, kind.plural, name, [fault])
    elif given != old["metadata"]["resourceVersion"]:
        raise refusals.conflict(kind.group, kind.plural, name, STALE)


def _prepared(state: State, kind: Kind, old: Obj, new: Obj, subresource: str) -> Obj:
    """What the door lets through, with the metadata that no update changes."""
    if subresource == "status":
        new = _status_only(kind, old, new)
    elif kind.plural == "pods" and not subresource:
        new = {**tolerant(new), "status": old["status"]}
    elif kind.has_status:
        new = {name: value for name, value in new.items() if name != "status"}
        new |= {"status": old["status"]} if "status" in old else {}
    before = old["metadata"]
    new = with_meta(
        new,
        uid=new["metadata"].get("uid") or before["uid"],
        creation_timestamp=before["creationTimestamp"],
        deletion_timestamp=before.get("deletionTimestamp"),
        deletion_grace_period_seconds=before.get("deletionGracePeriodSeconds"),
        generation=before.get("generation"),
    )
    if kind.counts and _content(kind, old) != _content(kind, new):
        new = with_meta(new, generation=before.get("generation", 0) + 1)
    return allocated(state, kind, new, old)


def _status_only(kind: Kind, old: Obj, new: Obj) -> Obj:
    status = {"status": new["status"]} if "status" in new else {}
    if kind.custom:
        kept = {name: value for name, value in old.items() if name != "status"}
        kept = with_meta(kept, managed_fields=new["metadata"].get("managedFields"))
        return with_meta(kept, resource_version=new["metadata"].get("resourceVersion")) | status
    kept = with_meta(new, owner_references=old["metadata"].get("ownerReferences"))
    return {**{name: value for name, value in old.items() if name != "status"}, "metadata": kept["metadata"]} | status


def _content(kind: Kind, item: Obj) -> Obj:
    """What counts for the generation."""
    if kind.plural == "endpointslices":
        return item | {"metadata": item["metadata"].get("labels")}
    return {name: value for name, value in item.items() if name not in ("metadata", "status", "apiVersion")}


def _is_last_finalizer_gone(kind: Kind, old: Obj, new: Obj) -> bool:
    if new["metadata"].get("finalizers") or not old["metadata"].get("deletionTimestamp"):
        return False
    if kind.plural == "namespaces" and new.get("spec", {}).get("finalizers"):
        return False
    return not old["metadata"].get("deletionGracePeriodSeconds")
