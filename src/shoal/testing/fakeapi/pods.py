"""What the server fills in when a pod or a pod template is written."""

from typing import Any

from shoal.testing.fakeapi.store import Obj

JsonObject = dict[str, Any]
_PROBE = {"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1}
_ACCOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def default_pod(item: Obj) -> Obj:
    """A pod with the defaults of its spec; its status is never absent."""
    spec: JsonObject = {"enableServiceLinks": True} | default_spec(item.get("spec") or {})
    for name in ("containers", "initContainers"):
        if spec.get(name):
            spec[name] = [{**one, "resources": _requested(one["resources"])} for one in spec[name]]
    return {**item, "spec": spec, "status": _status(item.get("status") or {})}


def _status(status: JsonObject) -> JsonObject:
    address, addresses = status.get("podIP"), status.get("podIPs")
    if address and (not addresses or addresses[0].get("ip") != address):
        status = {**status, "podIPs": [{"ip": address}]}
    elif addresses:
        status = {**status, "podIP": addresses[0].get("ip")}
    if not status.get("conditions"):
        return status
    never = {"lastProbeTime": None, "lastTransitionTime": None}
    return {**status, "conditions": [never | one for one in status["conditions"]]}


def default_template(template: JsonObject) -> JsonObject:
    """A pod template likewise."""
    return {**template, "metadata": template.get("metadata") or {}, "spec": default_spec(template.get("spec") or {})}


def default_spec(spec: JsonObject) -> JsonObject:
    """A pod's spec."""
    full: JsonObject = {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "containers": None,
    } | spec
    if "serviceAccountName" in full:
        full["serviceAccount"] = full["serviceAccountName"]
    for name in ("containers", "initContainers"):
        if full.get(name):
            full[name] = [_container(one, full.get("hostNetwork", False)) for one in full[name]]
    if full.get("volumes"):
        full["volumes"] = [_volume(one) for one in full["volumes"]]
    return full


def _container(container: JsonObject, host_network: bool) -> JsonObject:
    image = container.get("image", "")
    latest = image.endswith(":latest") or ":" not in image.rpartition("/")[2]
    full: JsonObject = {
        "imagePullPolicy": "Always" if latest and "@" not in image else "IfNotPresent",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    } | container
    if full.get("ports"):
        full["ports"] = [_port(port, host_network) for port in full["ports"]]
    if full.get("env"):
        full["env"] = [_variable(variable) for variable in full["env"]]
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if full.get(probe):
            full[probe] = _probe(full[probe])
    return full


def _requested(resources: JsonObject) -> JsonObject:
    """Limits are requests too, where none is said."""
    if not resources.get("limits"):
        return resources
    return {**resources, "requests": {**resources["limits"], **(resources.get("requests") or {})}}


def _port(port: JsonObject, host_network: bool) -> JsonObject:
    full: JsonObject = {"protocol": "TCP"} | port
    return full | ({"hostPort": full["containerPort"]} if host_network and "hostPort" not in full else {})


def _variable(variable: JsonObject) -> JsonObject:
    source = variable.get("valueFrom")
    if source and "fieldRef" in source:
        return {**variable, "valueFrom": {**source, "fieldRef": {"apiVersion": "v1"} | source["fieldRef"]}}
    if source and "resourceFieldRef" in source:
        return {**variable, "valueFrom": {**source, "resourceFieldRef": {"divisor": "0"} | source["resourceFieldRef"]}}
    return variable


def _probe(probe: JsonObject) -> JsonObject:
    full: JsonObject = _PROBE | probe
    if full.get("httpGet"):
        full["httpGet"] = {"path": "/", "scheme": "HTTP"} | full["httpGet"]
    if full.get("grpc"):
        full["grpc"] = {"service": ""} | full["grpc"]
    return full


def _volume(volume: JsonObject) -> JsonObject:
    for source in ("secret", "configMap", "downwardAPI", "projected"):
        if source in volume:
            return {**volume, source: {"defaultMode": 0o644} | volume[source]}
    if "hostPath" in volume:
        return {**volume, "hostPath": {"type": ""} | volume["hostPath"]}
    return volume if len(volume) > 1 else {**volume, "emptyDir": {}}


def admitted(pod: Obj, name: str) -> Obj:
    """A new pod as admission leaves it: with its service account, its priority and the usual tolerations.

    name: of the volume of its service account's token.
    """
    spec = {"serviceAccountName": "default"} | pod["spec"]
    spec["serviceAccount"] = spec["serviceAccountName"]
    spec = {"preemptionPolicy": "PreemptLowerPriority", "priority": 0} | spec
    if spec.get("automountServiceAccountToken", True):
        spec = _with_token(spec, name)
    return tolerant({**pod, "spec": spec})


def tolerant(pod: Obj) -> Obj:
    """The pod with the usual tolerations, which admission also gives back to one that an update took them from."""
    tolerations = list(pod["spec"].get("tolerations") or ())
    for key in _TOLERATED:
        if not any(_tolerates(one, key) for one in tolerations):
            tolerations.append({"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": 300})
    return {**pod, "spec": {**pod["spec"], "tolerations": tolerations}}


def _with_token(spec: JsonObject, name: str) -> JsonObject:
    """With the token of the service account in every container."""
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
            }
        },
    ]
    volume = {"name": name, "projected": {"sources": sources, "defaultMode": 0o644}}
    spec = {**spec, "volumes": [*(spec.get("volumes") or ()), volume]}
    for field in ("containers", "initContainers"):
        if spec.get(field):
            spec[field] = [_with_mount(one, name) for one in spec[field]]
    return spec


def _with_mount(container: JsonObject, name: str) -> JsonObject:
    mounts = container.get("volumeMounts") or []
    if any(mount.get("mountPath") == _ACCOUNT_PATH for mount in mounts):
        return container
    return {**container, "volumeMounts": [*mounts, {"name": name, "readOnly": True, "mountPath": _ACCOUNT_PATH}]}


def _tolerates(toleration: JsonObject, key: str) -> bool:
    return (toleration.get("key", key), toleration.get("effect", "NoExecute")) == (key, "NoExecute")


def quality_of(pod: Obj) -> str:
    """The pod's qosClass."""
    containers = [*pod["spec"].get("containers", ()), *(pod["spec"].get("initContainers") or ())]
    wanted = [container.get("resources", {}) for container in containers]
    pairs = [(one.get("limits") or {}, one.get("requests") or {}) for one in wanted]
    if not any(limits.keys() & {"cpu", "memory"} or requests.keys() & {"cpu", "memory"} for limits, requests in pairs):
        return "BestEffort"
    same = all(
        limits.get(name) is not None and limits.get(name) == requests.get(name, limits.get(name))
        for limits, requests in pairs
        for name in ("cpu", "memory")
    )
    return "Guaranteed" if same else "Burstable"
