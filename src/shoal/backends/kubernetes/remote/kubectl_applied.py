"""What `kubectl apply` has made, changed as kubectl would: also by what the manifest says no more.

Server-side apply removes only what the same manager had set, so that ``suspend``, taken out of a file that kubectl
applied, would stay. What kubectl applied last it notes beside the object.
"""

from typing import Any

import msgspec

from shoal.backends.kubernetes.compact import LAST_APPLIED

KEYS = ("groupName", "name")
"""By one of these the entries of a list are told apart, where each has one of its own."""

Manifest = dict[str, Any]


def changes_as_kubectl(before: Manifest, manifest: Manifest) -> Manifest | None:
    """The merge patch that brings an object to ``manifest``; None for one that kubectl didn't apply.

    What others have set beside it stays, as the replicas that an autoscaler chose.
    """
    try:
        last = msgspec.json.decode(before["metadata"].get("annotations", {}).get(LAST_APPLIED, ""), type=dict[str, Any])
    except msgspec.DecodeError:
        return None
    return _patch(before, _merged(last, _with_note(manifest), before))


def _with_note(manifest: Manifest) -> Manifest:
    """The manifest, and beside it what kubectl will want to know when it applies the next one."""
    given = manifest["metadata"].get("annotations") or {}
    notes = {key: value for key, value in given.items() if key != LAST_APPLIED}
    noted = {**manifest, "metadata": {**manifest["metadata"], "annotations": notes}}
    text = msgspec.json.encode(noted, order="deterministic").decode()
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": {**notes, LAST_APPLIED: f"{text}\n"}}}


def _merged(last: Any, wanted: Any, found: Any) -> Any:
    """``found`` with what is wanted, and without what was applied last and is wanted no more."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        last = last if isinstance(last, dict) else {}
        kept = {key: value for key, value in found.items() if key not in last and key not in wanted}
        asked = {key: _merged(last.get(key), value, found.get(key)) for key, value in wanted.items()}
        return kept | {key: value for key, value in asked.items() if value is not None}
    key = _key_of(wanted, found)
    if not key:
        return wanted
    before = {one[key]: one for one in last} if _has_each(last, key) else {}
    there = {one[key]: one for one in found}
    named = {one[key] for one in wanted}
    added = [one for name, one in there.items() if name not in named and name not in before]
    return [_merged(before.get(one[key]), one, there.get(one[key])) for one in wanted] + added


def _key_of(wanted: Any, found: Any) -> str:
    """By what the entries of both are told apart; "" for what is no such list."""
    return next((key for key in KEYS if _has_each(wanted, key) and _has_each(found, key)), "")


def _has_each(entries: Any, key: str) -> bool:
    if not isinstance(entries, list):
        return False
    names = [one.get(key) if isinstance(one, dict) else None for one in entries]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _patch(before: Manifest, after: Manifest) -> Manifest:
    """The merge patch between the two."""
    patch: Manifest = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            if inner := _patch(old, value):
                patch[key] = inner
        elif value != old:
            patch[key] = value
    return patch
