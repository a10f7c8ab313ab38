"""Making objects."""

from typing import Any

from shoal.testing.fakeapi import meta, refusals
from shoal.testing.fakeapi.allocate import allocated
from shoal.testing.fakeapi.empties import empty
from shoal.testing.fakeapi.kinds import NAMESPACES, Kind
from shoal.testing.fakeapi.owners import Owners, Write, after_update, with_owners
from shoal.testing.fakeapi.pods import admitted, quality_of
from shoal.testing.fakeapi.schemas import type_of
from shoal.testing.fakeapi.state import State, with_meta
from shoal.testing.fakeapi.store import Obj
from shoal.testing.fakeapi.validate import wrong_new

_NAME_ATTEMPTS = 8


def create(state: State, kind: Kind, item: Obj, write: Write, owners: Owners | None = None) -> Obj:
    """Store a new object, which has its defaults already. owners: where they are known. Raises Refused."""
    namespace = item["metadata"].get("namespace", "")
    if kind.namespaced:
        _check_namespace(state, kind, item, namespace)
    item = _with_system_meta(state, kind, item)
    if owners is None:
        owners = after_update(empty(kind), item, type_of(kind), {}, write, new=True)
    item = with_owners(_prepared(state, kind, item), owners)
    base = item["metadata"].get("generateName", "")
    for _ in range(_NAME_ATTEMPTS):
        named = item if item["metadata"].get("name") or not base else with_meta(item, name=state.generated(base))
        named = allocated(state, kind, _finished(state, kind, named))
        name = named["metadata"].get("name", "")
        faults = [*meta.wrong_base(kind, base), *meta.wrong_name(kind, name)]
        faults += [*meta.wrong_meta(kind, item), *wrong_new(kind, named)]
        if faults:
            raise refusals.invalid(kind.group, kind.kind, name, faults)
        there = state.find(kind, namespace, name)
        if there is None:
            stored = {**named, "apiVersion": kind.api_version(kind.versions[0])}
            return state.store.put(kind.resource, stored)
    refused = refusals.already_exists(kind.group, kind.plural, name)
    if there and there["metadata"].get("deletionTimestamp"):
        refused.message = f"object is being deleted: {refused.message}"
    raise refused


def _check_namespace(state: State, kind: Kind, item: Obj, namespace: str) -> None:
    found = state.find(NAMESPACES, "", namespace)
    if found is None:
        raise refusals.not_found("", "namespaces", namespace)
    if found["metadata"].get("deletionTimestamp"):
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        cause = {"reason": "NamespaceTerminating", "message": f"namespace {namespace} is being terminated"}
        name = item["metadata"].get("name", "")
        raise refusals.forbidden(kind.group, kind.plural, name, why, [cause | {"field": "metadata.namespace"}])


def _with_system_meta(state: State, kind: Kind, item: Obj) -> Obj:
    return with_meta(
        item,
        uid=state.uid(),
        creation_timestamp=state.time(),
        deletion_timestamp=None,
        deletion_grace_period_seconds=None,
        self_link=None,
        resource_version=None,
        generation=1 if kind.counts else None,
    )


def _prepared(state: State, kind: Kind, item: Obj) -> Obj:
    """With the status that new objects have, and what admission adds."""
    if not kind.has_status:
        return item
    item = {name: value for name, value in item.items() if name != "status"}
    status: dict[str, Any] | None = None
    if kind.plural == "pods":
        item = admitted(item, state.generated("kube-api-access-"))
        status = {"phase": "Pending", "qosClass": quality_of(item)}
    elif kind.plural == "namespaces":
        status = {"phase": "Active"}
    elif kind.plural == "persistentvolumeclaims":
        item = with_meta(item, finalizers=[*item["metadata"].get("finalizers", ()), "kubernetes.io/pvc-protection"])
        state.unsettled.add(item["metadata"]["uid"])  # its phase is filled in when it is read
        status = {"phase": "Pending"}
    elif kind.plural in ("services", "ingresses"):
        status = {"loadBalancer": {}}
    elif kind.plural == "jobs":
        status = {}
    elif kind.plural == "customresourcedefinitions":
        status = _established(state, item)
    return item if status is None else {**item, "status": status}


def _established(state: State, item: Obj) -> dict[str, Any]:
    said = (
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    )
    return {
        "acceptedNames": item["spec"].get("names", {}),
        "conditions": [
            {"type": type_, "status": "True", "reason": reason, "message": message, "lastTransitionTime": state.time()}
            for type_, reason, message in said
        ],
        "storedVersions": [version["name"] for version in item["spec"].get("versions", ()) if version.get("storage")],
    }


def _finished(state: State, kind: Kind, item: Obj) -> Obj:
    """With what depends on the object's name."""
    if kind is NAMESPACES:
        name = item["metadata"]["name"]
        labels = (item["metadata"].get("labels") or {}) | {"kubernetes.io/metadata.name": name}
        item = with_meta({**item, "spec": {"finalizers": ["kubernetes"]}}, labels=labels)
    if kind.resource == "jobs.batch" and not item["spec"].get("manualSelector"):
        if not item["metadata"].get("labels"):
            state.unsettled.add(item["metadata"]["uid"])  # its labels are the template's when it is read
        item = _with_selector(item)
    return item


def _with_selector(job: Obj) -> Obj:
    uid, name = job["metadata"]["uid"], job["metadata"]["name"]
    labels = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    template = job["spec"]["template"]
    meta_ = {**template["metadata"], "labels": (template["metadata"].get("labels") or {}) | labels}
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    job = {**job, "spec": {**job["spec"], "selector": selector, "template": {**template, "metadata": meta_}}}
    return with_meta(job, labels=job["metadata"].get("labels") or dict(meta_["labels"]))
