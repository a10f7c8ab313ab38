"""The metadata of objects: what the server fills in, and what it refuses."""

import re
from typing import Any

from shoal.testing.fakeapi.kinds import Kind
from shoal.testing.fakeapi.refusals import Fault
from shoal.testing.fakeapi.store import Obj

_EMPTY_IS_NONE = (
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
    "managedFields",
    "namespace",
    "generateName",
)
_EMPTY_MAPS = frozenset(
    ("data", "binaryData", "stringData", "nodeSelector", "matchLabels", "limits", "requests", "labels", "annotations")
)
"""Maps that are not kept when they are empty, wherever they are in an object of a built-in kind."""
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_STANDARD_FINALIZERS = ("orphan", "foregroundDeletion", "kubernetes")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SERVICE_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character,"
    " and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is"
    " '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def tidy(item: Obj, kind: Kind) -> Obj:
    """The object as the server keeps it: nothing that is null, no empty metadata."""
    if not kind.custom:
        item = _without_nulls(item)
    if kind.plural == "services" and not (item.get("spec") or {}).get("selector", True):
        item = {**item, "spec": {name: value for name, value in item["spec"].items() if name != "selector"}}
    meta = {
        name: value
        for name, value in (item.get("metadata") or {}).items()
        if value is not None and not (name in _EMPTY_IS_NONE and not value)
    }
    return {**item, "metadata": meta}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_nulls(inner)
            for name, inner in value.items()
            if inner is not None and inner != [] and not (inner == {} and name in _EMPTY_MAPS)
        }
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


def wrong_name(kind: Kind, name: str, path: str = "metadata.name") -> list[Fault]:
    """What is wrong with a name of that kind."""
    if not name:
        return [Fault(path, "Required value", detail="name or generateName is required")]
    if kind.plural == "events":
        return []
    if kind.plural == "services":
        shape, rule, most = _SERVICE, _SERVICE_RULE, 63
    elif kind.plural == "namespaces":
        shape, rule, most = _LABEL, _LABEL_RULE, 63
    elif kind.group == "rbac.authorization.k8s.io":
        return [] if "/" not in name and "%" not in name else [Fault(path, "Invalid value", f'"{name}"')]
    else:
        shape, rule, most = _SUBDOMAIN, _SUBDOMAIN_RULE, 253
    faults = []
    if len(name) > most:
        faults.append(Fault(path, "Invalid value", f'"{name}"', f"must be no more than {most} bytes"))
    if not shape.fullmatch(name):
        faults.append(Fault(path, "Invalid value", f'"{name}"', rule))
    return faults


def wrong_base(kind: Kind, base: str) -> list[Fault]:
    """What is wrong with a generateName of that kind; it may end with a dash."""
    if not base:
        return []
    whole = base[:-1] + "a" if base.endswith("-") else base
    faults = wrong_name(kind, whole, "metadata.generateName")
    return [Fault(fault.path, fault.kind, f'"{base}"', fault.detail) for fault in faults]


def wrong_meta(kind: Kind, item: Obj) -> list[Fault]:
    """What is wrong with labels, finalizers and owners."""
    named = not kind.custom and kind.plural not in ("events", "leases")
    meta = item["metadata"]
    faults = wrong_labels(meta.get("labels"), "metadata.labels")
    for owner in meta.get("ownerReferences") or ():
        faults += wrong_owner(owner, "metadata.ownerReferences")
    for finalizer in meta.get("finalizers") or ():
        if named and "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            faults.append(Fault("metadata.finalizers", "Invalid value", f'"{finalizer}"', detail))
    return faults


def wrong_labels(labels: dict[str, str] | None, path: str) -> list[Fault]:
    """What is wrong with the values of labels."""
    faults = []
    for value in (labels or {}).values():
        if len(value) > 63:
            faults.append(Fault(path, "Invalid value", f'"{value}"', "must be no more than 63 bytes"))
        if not _LABEL_VALUE.fullmatch(value):
            faults.append(Fault(path, "Invalid value", f'"{value}"', _LABEL_VALUE_RULE))
    return faults


def wrong_owner(owner: dict[str, Any], path: str) -> list[Fault]:
    """What is wrong with an owner reference."""
    faults = []
    for field in ("apiVersion", "kind", "name", "uid"):
        if not owner.get(field):
            detail = "version must not be empty" if field == "apiVersion" else "must not be empty"
            faults.append(Fault(f"{path}.{field}", "Invalid value", '""', detail))
    return faults


def wrong_change(old: Obj, new: Obj) -> list[Fault]:
    """What an update may not change in the metadata."""
    before, after = old["metadata"], new["metadata"]
    faults = []
    added = sorted(set(after.get("finalizers", ())) - set(before.get("finalizers", ())))
    if before.get("deletionTimestamp") and added:
        quoted = ", ".join(f'"{one}"' for one in added)
        detail = (
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{"
            + quoted
            + "}"
        )
        faults.append(Fault("metadata.finalizers", "Forbidden", detail=detail))
    for name in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        if (name in before or name in after) and after.get(name) != before.get(name):
            value = f'"{after[name]}"' if isinstance(after.get(name), str) else str(after.get(name))
            faults.append(Fault(f"metadata.{name}", "Invalid value", value, "field is immutable"))
    return faults
