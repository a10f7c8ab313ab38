"""Deleting objects: at once, gracefully, or when their finalizers are gone."""

from typing import Any

import msgspec

from shoal.backends.kubernetes.transport import Request
from shoal.testing.fakeapi import refusals
from shoal.testing.fakeapi.kinds import NAMESPACES, Kind
from shoal.testing.fakeapi.state import State, seconds_of, stamp, with_meta
from shoal.testing.fakeapi.store import Obj

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


class Preconditions(msgspec.Struct, frozen=True, rename="camel"):
    uid: str | None = None
    resource_version: str | None = None


class Options(msgspec.Struct, frozen=True, rename="camel"):
    """DeleteOptions."""

    grace_period_seconds: int | None = None
    preconditions: Preconditions = Preconditions()
    orphan_dependents: bool | None = None
    propagation_policy: str | None = None
    dry_run: tuple[str, ...] = ()


def options_of(body: bytes, query: dict[str, str]) -> Options:
    """From a request's body, or else its query. Raises Refused."""
    try:
        if body:
            options = msgspec.json.decode(body, type=Options)
        else:
            known = {name: query[name] for name in ("gracePeriodSeconds", "propagationPolicy") if name in query}
            options = msgspec.convert(known, Options, strict=False)
    except msgspec.DecodeError as error:
        raise refusals.bad_request(str(error)) from error
    policy = options.propagation_policy
    if policy is not None and policy not in ("Background", "Foreground", "Orphan"):
        detail = 'supported values: "Foreground", "Background", "Orphan", "nil"'
        fault = refusals.Fault("propagationPolicy", "Unsupported value", f'"{policy}"', detail)
        raise refusals.invalid("meta.k8s.io", "DeleteOptions", "", [fault])
    return options


def is_rehearsed(request: Request) -> bool:
    """Whether a request asks what would be answered, and for nothing to be stored."""
    if request.method == "DELETE" and request.body:
        return bool(options_of(request.body, request.query).dry_run)
    return "dryRun" in request.query


def delete(state: State, kind: Kind, item: Obj, options: Options) -> tuple[Obj, bool]:
    """Delete it or mark it as being deleted: the object then, and whether it is gone. Raises Refused."""
    _check(kind, item, options)
    if kind is NAMESPACES:
        return _delete_namespace(state, item)
    meta = item["metadata"]
    marked = _marked_gracefully(state, item, options) if kind.plural == "pods" else None
    if marked is item:
        return item, False
    finalizers = _finalizers(kind, item, options)
    changed = marked is not None or finalizers != meta.get("finalizers", [])
    if not changed and not finalizers:
        return _gone(state, kind, item), True
    new = marked or item
    new = with_meta(new, finalizers=finalizers or None)
    if marked is None and finalizers:
        new = _marked(state, new)
    elif marked is None:
        return _gone(state, kind, item), True
    new = item if new == item else state.store.put(kind.resource, new)
    if finalizers or new["metadata"]["deletionGracePeriodSeconds"] > 0:
        return new, False
    return _gone(state, kind, new), True


def _gone(state: State, kind: Kind, item: Obj) -> Obj:
    return state.store.remove(kind.resource, item["metadata"].get("namespace", ""), item["metadata"]["name"])


def _check(kind: Kind, item: Obj, options: Options) -> None:
    meta, wanted = item["metadata"], options.preconditions
    if wanted.uid is not None and wanted.uid != meta["uid"]:
        why = f"the UID in the precondition ({wanted.uid}) does not match the UID in record ({meta['uid']})."
        why += " The object might have been deleted and then recreated"
        raise refusals.conflict(kind.group, kind.kind, meta["name"], why)
    version = wanted.resource_version
    if version is not None and version != meta["resourceVersion"]:
        why = f"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record"
        why += f" ({meta['resourceVersion']}). The object might have been modified"
        raise refusals.conflict(kind.group, kind.kind, meta["name"], why)


def _marked_gracefully(state: State, pod: Obj, options: Options) -> Obj | None:
    """The pod with the time by which it ends; itself when it is to end anyway; None to delete it now."""
    meta = pod["metadata"]
    if "deletionTimestamp" in meta:
        left = meta.get("deletionGracePeriodSeconds", 0)
        if not left:
            return None
        wanted = options.grace_period_seconds
        if wanted is None or wanted >= left:
            return pod
        wanted = 1 if wanted < 0 else wanted
        ends = stamp(seconds_of(meta["deletionTimestamp"]) - left + wanted)
        return with_meta(pod, deletion_timestamp=ends, deletion_grace_period_seconds=wanted)
    grace = options.grace_period_seconds
    if grace is None:
        grace = pod["spec"].get("terminationGracePeriodSeconds", 0)
    if not pod["spec"].get("nodeName") or pod["status"].get("phase") in ("Failed", "Succeeded"):
        grace = 0
    grace = 1 if grace < 0 else grace
    return with_meta(
        pod,
        deletion_timestamp=stamp(state.now + grace),
        deletion_grace_period_seconds=grace,
        generation=meta["generation"] + 1 if meta.get("generation") else None,
    )


def _marked(state: State, item: Obj) -> Obj:
    """The object with a deletion time, if it has none."""
    meta = item["metadata"]
    if "deletionTimestamp" in meta:
        return item
    generation: Any = meta["generation"] + 1 if meta.get("generation") else None
    return with_meta(item, deletion_timestamp=state.time(), deletion_grace_period_seconds=0, generation=generation)


def _finalizers(kind: Kind, item: Obj, options: Options) -> list[str]:
    """With the collector's own, as the options want."""
    before = list(item["metadata"].get("finalizers", ()))
    if kind.plural == "events":
        return before
    orphan, foreground = _orphans(kind, before, options), _in_foreground(before, options)
    wanted = [one for one in before if one not in (ORPHAN, FOREGROUND)]
    wanted += ([ORPHAN] if orphan else []) + ([FOREGROUND] if foreground else [])
    return before if set(wanted) == set(before) else wanted


def _orphans(kind: Kind, before: list[str], options: Options) -> bool:
    if options.orphan_dependents is not None:
        return options.orphan_dependents
    if options.propagation_policy is not None:
        return options.propagation_policy == "Orphan"
    if ORPHAN in before or FOREGROUND in before:
        return ORPHAN in before
    return kind.orphans


def _in_foreground(before: list[str], options: Options) -> bool:
    if options.orphan_dependents is not None:
        return False
    if options.propagation_policy is not None:
        return options.propagation_policy == "Foreground"
    return FOREGROUND in before and ORPHAN not in before


def _delete_namespace(state: State, item: Obj) -> tuple[Obj, bool]:
    if "deletionTimestamp" not in item["metadata"]:
        marked = with_meta(item, deletion_timestamp=state.time())
        return state.store.put("namespaces", {**marked, "status": {**item["status"], "phase": "Terminating"}}), False
    return item, False
