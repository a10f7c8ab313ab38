"""The basic rules of each kind; the whole of Kubernetes' validation is not here."""

from collections.abc import Callable
from typing import Any

from shoal.testing.fakeapi.kinds import Kind
from shoal.testing.fakeapi.meta import wrong_labels
from shoal.testing.fakeapi.refusals import Fault
from shoal.testing.fakeapi.store import Obj

JsonObject = dict[str, Any]


def wrong_new(kind: Kind, item: Obj) -> list[Fault]:
    """What is wrong with a new object of the kind."""
    check = _NEW.get(kind.resource)
    return check(item) if check else []


def wrong_update(kind: Kind, old: Obj, new: Obj) -> list[Fault]:
    """What an update of the kind may not do."""
    check = _CHANGED.get(kind.resource)
    return [*(check(old, new) if check else []), *([] if kind.plural == "pods" else wrong_new(kind, new))]


def _pod(item: Obj) -> list[Fault]:
    return _wrong_pod(item["spec"], "spec")


def _job(item: Obj) -> list[Fault]:
    labels = item["spec"]["template"]["metadata"].get("labels")
    return wrong_labels(labels, "spec.template.labels") + _wrong_pod(
        item["spec"]["template"]["spec"], "spec.template.spec"
    )


def _wrong_pod(spec: JsonObject, path: str) -> list[Fault]:
    return [*wrong_containers(spec, path), *_wrong_mounts(spec, path)]


def _wrong_mounts(spec: JsonObject, path: str) -> list[Fault]:
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    return [
        Fault(f"{path}.{name}[{i}].volumeMounts[{j}].name", "Not found", f'"{mount.get("name", "")}"')
        for name in ("initContainers", "containers")
        for i, container in enumerate(spec.get(name) or ())
        for j, mount in enumerate(container.get("volumeMounts") or ())
        if mount.get("name") not in volumes
    ]


def wrong_containers(spec: JsonObject, path: str) -> list[Fault]:
    """What is wrong with the containers of a pod's spec."""
    containers = spec.get("containers") or []
    faults = [] if containers else [Fault(f"{path}.containers", "Required value")]
    seen: set[str] = set()
    for i, container in enumerate(containers):
        here = f"{path}.containers[{i}]"
        name = container.get("name", "")
        if not name:
            faults.append(Fault(f"{here}.name", "Required value"))
        elif name in seen:
            faults.append(Fault(f"{here}.name", "Duplicate value", f'"{name}"'))
        seen.add(name)
        if not container.get("image"):
            faults.append(Fault(f"{here}.image", "Required value"))
    return faults


def _pod_changed(old: Obj, new: Obj) -> list[Fault]:
    for name in ("containers", "initContainers"):
        if len(old["spec"].get(name) or ()) != len(new["spec"].get(name) or ()):
            return [Fault(f"spec.{name}", "Forbidden", detail="pod updates may not add or remove containers")]
    faults = _deadline_changed(old["spec"].get("activeDeadlineSeconds"), new["spec"].get("activeDeadlineSeconds"))
    if _fixed(old["spec"]) == _fixed(new["spec"]):
        return faults
    detail = (
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
    )
    return [*faults, Fault("spec", "Forbidden", detail=detail)]


def _deadline_changed(old: int | None, new: int | None) -> list[Fault]:
    if old is None or (new is not None and new <= old):
        return []
    value, why = ("null", "must not update from a positive integer to nil value")
    if new is not None:
        value, why = str(new), "must be less than or equal to previous value"
    return [Fault("spec.activeDeadlineSeconds", "Invalid value", value, why)]


def _fixed(spec: JsonObject) -> JsonObject:
    """What of a pod's spec can never change."""
    fixed = {name: value for name, value in spec.items() if name not in ("activeDeadlineSeconds", "tolerations")}
    for name in ("containers", "initContainers"):
        if name in fixed:
            fixed[name] = [{k: v for k, v in one.items() if k != "image"} for one in fixed[name]]
    return fixed


def _service(item: Obj) -> list[Fault]:
    spec = item["spec"]
    headless = spec.get("clusterIP") == "None"
    if not spec.get("ports") and not headless and spec["type"] != "ExternalName":
        return [Fault("spec.ports", "Required value")]
    if headless and spec["type"] in ("NodePort", "LoadBalancer"):
        detail = f"may not be set to 'None' for {spec['type']} services"
        return [Fault("spec.clusterIPs[0]", "Invalid value", '"None"', detail)]
    names = [port.get("name") for port in spec.get("ports") or ()]
    return [
        Fault(f"spec.ports[{i}].name", "Duplicate value", f'"{name}"')
        for i, name in enumerate(names)
        if name and name in names[:i]
    ]


def _service_changed(old: Obj, new: Obj) -> list[Fault]:
    before, after = old["spec"].get("clusterIPs"), new["spec"].get("clusterIPs")
    if before and after and before != after and new["spec"]["type"] != "ExternalName":
        return [Fault("spec.clusterIPs[0]", "Invalid value", _listed(after), "may not change once set")]
    return []


def _listed(values: list[str]) -> str:
    return "[" + ",".join(f'"{value}"' for value in values) + "]"


def _immutable(path: str, *names: str) -> Callable[[Obj, Obj], list[Fault]]:
    def check(old: Obj, new: Obj) -> list[Fault]:
        before, after = old, new
        for name in names:
            before, after = before.get(name, {}), after.get(name, {})
        value = f'"{after}"' if isinstance(after, str) else "{...}"
        return [] if before == after else [Fault(path, "Invalid value", value, "field is immutable")]

    return check


def _role_changed(old: Obj, new: Obj) -> list[Fault]:
    ref = new["roleRef"]
    if ref == old["roleRef"]:
        return []
    value = f'{{"APIGroup":"{ref["apiGroup"]}","Kind":"{ref["kind"]}","Name":"{ref["name"]}"}}'
    return [Fault("roleRef", "Invalid value", value, "cannot change roleRef")]


def _claim_changed(old: Obj, new: Obj) -> list[Fault]:
    if old["spec"] == new["spec"]:
        return []
    detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
    return [Fault("spec", "Forbidden", detail=detail)]


def _sealed(old: Obj, new: Obj) -> list[Fault]:
    """Of a Secret or a ConfigMap that is immutable."""
    faults = _immutable("type", "type")(old, new) if "type" in old else []
    if old.get("immutable"):
        if not new.get("immutable"):
            faults.append(Fault("immutable", "Forbidden", detail="field is immutable when `immutable` is set"))
        if old.get("data") != new.get("data"):
            faults.append(Fault("data", "Forbidden", detail="field is immutable when `immutable` is set"))
    return faults


def _event(item: Obj) -> list[Fault]:
    namespace = item["involvedObject"].get("namespace", "")
    if namespace == item["metadata"]["namespace"] or (not namespace and item["metadata"]["namespace"] == "default"):
        return []
    return [Fault("involvedObject.namespace", "Invalid value", f'"{namespace}"', "does not match event.namespace")]


def _role_binding(item: Obj) -> list[Fault]:
    ref = item["roleRef"]
    faults = []
    if ref.get("kind") not in ("Role", "ClusterRole"):
        detail = 'supported values: "Role", "ClusterRole"'
        faults.append(Fault("roleRef.kind", "Unsupported value", f'"{ref.get("kind", "")}"', detail))
    return faults if ref.get("name") else [*faults, Fault("roleRef.name", "Required value")]


def wrong_status(kind: Kind, new: Obj) -> list[Fault]:
    """What is wrong with the status of the kind."""
    if kind.plural != "services" or new["spec"]["type"] == "LoadBalancer":
        return []
    if not new.get("status", {}).get("loadBalancer", {}).get("ingress"):
        return []
    detail = "may only be used when `spec.type` is 'LoadBalancer'"
    return [Fault("status.loadBalancer.ingress", "Forbidden", detail=detail)]


_NEW: dict[str, Callable[[Obj], list[Fault]]] = {
    "pods": _pod,
    "jobs.batch": _job,
    "services": _service,
    "events": _event,
    "rolebindings.rbac.authorization.k8s.io": _role_binding,
}
_CHANGED: dict[str, Callable[[Obj, Obj], list[Fault]]] = {
    "pods": _pod_changed,
    "services": _service_changed,
    "secrets": _sealed,
    "configmaps": _sealed,
    "jobs.batch": _immutable("spec.template", "spec", "template"),
    "rolebindings.rbac.authorization.k8s.io": _role_changed,
    "persistentvolumeclaims": _claim_changed,
    "endpointslices.discovery.k8s.io": _immutable("addressType", "addressType"),
}
