"""An object as a list of its fields, in which two objects that mean the same are alike.

A field is a path and a value, as ``spec.containers.ray-head.env.RAY_IP: c-head-svc``: a member of a list is found by
its name. Left out is what the API server fills in by itself, and what no two objects have in common, as a uid.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from shoal.spec.quantity import parse_quantity

Json = dict[str, Any]
Fields = dict[str, Any]

NAMED_BY = {"volumeMounts": "mountPath"}
"""By which the members of a list are told apart, where it isn't their ``name``."""
ORDERED = ("containers", "initContainers", "env")
QUANTITIES = ("limits", "requests")
ANY: tuple[Any, ...] = ()
FILLED_IN: dict[str, tuple[Any, ...]] = {
    "status*": ANY,
    "metadata.uid": ANY,
    "metadata.namespace": ANY,
    "metadata.generation": ANY,
    "metadata.resourceVersion": ANY,
    "metadata.creationTimestamp": ANY,
    "metadata.generateName": ANY,
    "metadata.managedFields*": ANY,
    "metadata.ownerReferences.*.uid": ANY,
    "spec.nodeName": ANY,
    "spec.clusterIPs": ANY,
    "spec.ipFamil*": ANY,
    "spec.ports.*.nodePort": ANY,
    "spec.healthCheckNodePort": ANY,
    "spec.serviceAccount": ANY,
    "spec.serviceAccountName": ("default",),
    "spec.automountServiceAccountToken": (True,),
    "spec.dnsPolicy": ("ClusterFirst",),
    "spec.enableServiceLinks": (True,),
    "spec.preemptionPolicy": ("PreemptLowerPriority",),
    "spec.priority": ANY,
    "spec.schedulerName": ("default-scheduler",),
    "spec.securityContext": ({},),
    "spec.terminationGracePeriodSeconds": (30,),
    "spec.restartPolicy": ("Always",),
    "spec.internalTrafficPolicy": ("Cluster",),
    "spec.externalTrafficPolicy": ("Cluster",),
    "spec.allocateLoadBalancerNodePorts": (True,),
    "spec.sessionAffinity": ("None",),
    "spec.type": ("ClusterIP",),
    "spec.volumeMode": ("Filesystem",),
    "spec.publishNotReadyAddresses": (False,),
    "*.terminationMessagePath": ("/dev/termination-log",),
    "*.terminationMessagePolicy": ("File",),
    "*.resources": ({},),
    "*.securityContext": ({},),
    "*.protocol": ("TCP",),
    "*Probe.httpGet.scheme": ("HTTP",),
    "*Probe.failureThreshold": (3,),
    "*Probe.periodSeconds": (10,),
    "*Probe.successThreshold": (1,),
    "*Probe.timeoutSeconds": (1,),
    "*.fieldRef.apiVersion": ("v1",),
    "*.resourceFieldRef.divisor": ("0",),
    "*.defaultMode": (0o644,),
    "*.hostPath.type": ("",),
    "*.readOnly": (False,),
}
"""What says nothing: values that the API server chooses when none is said."""
NOTHING: Mapping[str, str] = {}
SPACES = re.compile(" +")
TOKEN = "kube-api-access-"
"""How the name of the volume begins that the API server adds to a pod."""
TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def fields(body: Json, renamed: Mapping[str, str] = NOTHING) -> Fields:
    """Those of an object. renamed: what stands where a text mentions what differs by chance, as a uid."""
    complete = {"Pod": _pod, "Service": _service, "Role": _role}.get(body["kind"], dict)
    return {
        path: _renamed(value, renamed) for path, value in _flat(complete(body), "") if not _is_filled_in(path, value)
    }


def _renamed(value: Any, renamed: Mapping[str, str]) -> Any:
    """With one space where there are several: for a shell it is the same command."""
    if isinstance(value, list):
        return [_renamed(one, renamed) for one in value]
    if not isinstance(value, str):
        return value
    for name, other in renamed.items():
        value = value.replace(name, other)
    return SPACES.sub(" ", value).strip()


def _is_filled_in(path: str, value: Any) -> bool:
    if value in (None, []):
        return True
    return any(fnmatchcase(path, pattern) and usual in (ANY, (value,)) for pattern, usual in FILLED_IN.items())


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    key = path.rpartition(".")[2]
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        named = NAMED_BY.get(key, "name")
        members = {str(one.get(named, number)): _without(one, named) for number, one in enumerate(value)}
        if key in ORDERED:
            yield f"{path}.order", list(members)
        for name, one in members.items():
            yield from _flat(one, f"{path}.{name}")
    elif isinstance(value, dict) and value:
        for name, one in value.items():
            under = f"{path}.{name}" if path else name
            yield from [(under, _amount(one))] if key in QUANTITIES else _flat(one, under)
    else:
        yield path, value


def _without(member: Json, named: str) -> Any:
    """What is said of a member beside its name. Of a variable that is its value, of others that they are there."""
    said = {key: value for key, value in member.items() if key != named}
    return said.get("value", "") if not said or said.keys() == {"value"} else said


def _amount(quantity: Any) -> str:
    """The same text for ``1000m`` and ``1``."""
    return f"{parse_quantity(quantity).normalize():f}"


def _service(body: Json) -> Json:
    """A Service, without the address that was found for it and the target ports that are its ports."""
    spec = body["spec"]
    ports = [
        {key: value for key, value in port.items() if key != "targetPort" or value != port.get("port")}
        for port in spec.get("ports") or ()
    ]
    address = {"clusterIP": "None"} if spec.get("clusterIP") == "None" else {}
    return body | {
        "spec": {key: value for key, value in spec.items() if key != "clusterIP"} | address | {"ports": ports}
    }


def _role(body: Json) -> Json:
    """A Role, in which what is allowed of a resource is found by the resource's name."""
    rules = [
        {"name": f"{group or 'core'}/{resource}", "verbs": rule["verbs"], "only": rule.get("resourceNames")}
        for rule in body["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    ]
    return body | {"rules": rules}


def _pod(body: Json) -> Json:
    """A pod without its name and what admission adds to every pod, its containers as they are meant."""
    spec = dict(body["spec"])
    spec["tolerations"] = [one for one in spec.get("tolerations") or () if one.get("key") not in TOLERATED]
    spec["volumes"] = [_volume(one) for one in spec.get("volumes") or () if not one["name"].startswith(TOKEN)]
    for key in ("containers", "initContainers"):
        spec[key] = [_container(one) for one in spec.get(key) or ()]
    return body | {"spec": spec, "metadata": _without(body["metadata"], "name")}


def _container(container: Json) -> Json:
    resources = container.get("resources") or {}
    requests = (resources.get("limits") or {}) | (resources.get("requests") or {})
    mounts = [one for one in container.get("volumeMounts") or () if not one["name"].startswith(TOKEN)]
    return (
        {"imagePullPolicy": _pull_policy(container.get("image", ""))}
        | container
        | {"resources": resources | ({"requests": requests} if requests else {}), "volumeMounts": mounts}
    )


def _pull_policy(image: str) -> str:
    latest = image.endswith(":latest") or ":" not in image.rpartition("/")[2]
    return "Always" if latest and "@" not in image else "IfNotPresent"


def _volume(volume: Json) -> Json:
    empty = volume.get("emptyDir") or {}
    return (
        {**volume, "emptyDir": empty | {"sizeLimit": _amount(empty["sizeLimit"])}} if "sizeLimit" in empty else volume
    )
