"""What the server fills in when an object of each kind is written."""

import base64
from collections.abc import Callable
from typing import Any

from shoal.testing.fakeapi.kinds import RAY_KINDS, Kind
from shoal.testing.fakeapi.pods import default_pod, default_template
from shoal.testing.fakeapi.schemas import schema_of, with_defaults
from shoal.testing.fakeapi.store import Obj

JsonObject = dict[str, Any]


def defaulted(kind: Kind, item: Obj) -> Obj:
    """The object with its kind's defaults, the same however it came."""
    if kind in RAY_KINDS:
        return {**with_defaults(item, schema_of(kind.kind)), "metadata": item["metadata"]}
    fill = _FILL.get(kind.resource)
    return fill(item) if fill else item


def _secret(item: Obj) -> Obj:
    said = item.get("stringData")
    data = dict(item.get("data") or {})
    if said:
        data |= {name: base64.b64encode(text.encode()).decode() for name, text in said.items()}
    rest = {name: value for name, value in item.items() if name not in ("stringData", "data")}
    return {"type": "Opaque"} | rest | ({"data": data} if data else {})


def _service(item: Obj) -> Obj:
    spec = {"sessionAffinity": "None", "type": "ClusterIP"} | (item.get("spec") or {})
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 10800}})
    else:
        spec.pop("sessionAffinityConfig", None)
    spec["ports"] = [{"protocol": "TCP", "targetPort": port.get("port")} | port for port in spec.get("ports") or ()]
    if not spec["ports"]:
        del spec["ports"]
    return {**item, "spec": spec, "status": {"loadBalancer": {}} | (item.get("status") or {})}


def _job(item: Obj) -> Obj:
    spec = {
        "backoffLimit": 6, "completionMode": "NonIndexed", "completions": 1, "manualSelector": False, "parallelism": 1,
        "podReplacementPolicy": "TerminatingOrFailed", "suspend": False,
    } | (item.get("spec") or {})  # fmt: skip
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if labels and not item["metadata"].get("labels"):
        item = {**item, "metadata": {**item["metadata"], "labels": labels}}
    return {
        **item,
        "spec": {**spec, "template": default_template(spec.get("template") or {})},
        "status": item.get("status") or {},
    }


def _claim(item: Obj) -> Obj:
    spec = {"resources": {}, "volumeMode": "Filesystem"} | (item.get("spec") or {})
    return {**item, "spec": spec, "status": {"phase": "Pending"} | (item.get("status") or {})}


def _network_policy(item: Obj) -> Obj:
    spec = dict(item.get("spec") or {})
    spec.setdefault("podSelector", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for direction in ("ingress", "egress"):
        if direction in spec:
            spec[direction] = [_with_protocols(rule) for rule in spec[direction]]
    return {**item, "spec": spec}


def _with_protocols(rule: JsonObject) -> JsonObject:
    if not rule.get("ports"):
        return rule
    return {**rule, "ports": [{"protocol": "TCP"} | port for port in rule["ports"]]}


def _ingress(item: Obj) -> Obj:
    return {**item, "spec": item.get("spec") or {}, "status": {"loadBalancer": {}} | (item.get("status") or {})}


def _namespace(item: Obj) -> Obj:
    return {**item, "spec": item.get("spec") or {}, "status": {"phase": "Active"} | (item.get("status") or {})}


def _role(item: Obj) -> Obj:
    return {"rules": None} | item


def _role_binding(item: Obj) -> Obj:
    ref = {"apiGroup": "rbac.authorization.k8s.io"} | (item.get("roleRef") or {})
    subjects = [
        subject if subject.get("kind") == "ServiceAccount" else {"apiGroup": "rbac.authorization.k8s.io"} | subject
        for subject in item.get("subjects") or ()
    ]
    return {**item, "roleRef": ref} | ({"subjects": subjects} if subjects else {})


def _event(item: Obj) -> Obj:
    empty = {"firstTimestamp": None, "lastTimestamp": None, "eventTime": None}
    return (
        empty | {"involvedObject": {}, "metadata": {}, "reportingComponent": "", "reportingInstance": "", "source": {}}
        | item
    )  # fmt: skip


def _lease(item: Obj) -> Obj:
    return {**item, "spec": item.get("spec") or {}}


def _slice(item: Obj) -> Obj:
    ports = item.get("ports")
    endpoints = item.get("endpoints") and [{"conditions": {}} | one for one in item["endpoints"]]
    item = {**item, "endpoints": endpoints}
    return {**item, "ports": [{"protocol": "TCP", "name": ""} | port for port in ports] if ports else None}


_FILL: dict[str, Callable[[Obj], Obj]] = {
    "pods": default_pod,
    "secrets": _secret,
    "services": _service,
    "jobs.batch": _job,
    "persistentvolumeclaims": _claim,
    "networkpolicies.networking.k8s.io": _network_policy,
    "ingresses.networking.k8s.io": _ingress,
    "namespaces": _namespace,
    "roles.rbac.authorization.k8s.io": _role,
    "rolebindings.rbac.authorization.k8s.io": _role_binding,
    "events": _event,
    "leases.coordination.k8s.io": _lease,
    "endpointslices.discovery.k8s.io": _slice,
}
