"""What the API server itself refuses under profile ``secure``: a cluster that asks for more than its author may have.

Pods of a cluster are made by the operator, which may make any. Without this, whoever may write a RayCluster but no pod
would get a pod with any service account of the namespace, or with the machine it runs on.
"""

from typing import Any

from shoal.desired.kubernetes.powers import ALLOW
from shoal.install.options import NAME, Options, metadata
from shoal.spec.powers import RESIZES_IN_PLACE, SNIPPET

API = "admissionregistration.k8s.io/v1"
REFUSED = (
    "a pod template asks for {power}, and you may not create such a pod yourself: ask for leave to create pods, or let"
    f" whoever may change the namespace annotate it with {ALLOW}: {{power}}"
)


def policies(options: Options) -> list[dict[str, Any]]:
    """A ValidatingAdmissionPolicy and its binding; none under profile ``compat``."""
    if options.profile == "compat":
        return []
    name = policy_name(options.namespace, everywhere=not options.watch)
    meta = metadata(options, name)
    bound: dict[str, Any] = {"policyName": name, "validationActions": ["Deny"]}
    if options.watch:
        watched = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(options.watch)}
        bound["matchResources"] = {"namespaceSelector": {"matchExpressions": [watched]}}
    return [
        {"apiVersion": API, "kind": "ValidatingAdmissionPolicy", "metadata": meta, "spec": _policy()},
        {"apiVersion": API, "kind": "ValidatingAdmissionPolicyBinding", "metadata": meta, "spec": bound},
    ]


def policy_name(namespace: str, *, everywhere: bool) -> str:
    """What the policy and its binding are called. namespace: of the operator."""
    return NAME if everywhere else f"{NAME}-{namespace}"


def _policy() -> dict[str, Any]:
    matched = {
        "apiGroups": ["ray.io"],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["rayclusters", "rayjobs", "rayservices", "raycronjobs"],
    }
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [matched]},
        "variables": [{"name": name, "expression": expression} for name, expression in VARIABLES.items()],
        "validations": [
            {
                "expression": f"!({ask}) || '{power}' in variables.allowed || variables.trusted",
                "message": REFUSED.format(power=power),
                "reason": "Forbidden",
            }
            for power, ask in ASKS.items()
        ],
    }


def _pods(at: str) -> str:
    """The specs of all pod templates of ``object`` or ``oldObject``, wherever its kind has its cluster."""
    clusters, jobs = _clusters(at), _jobs(at)
    lists = [f"[?{cluster}.?headGroupSpec.?template.?spec]" for cluster in clusters]
    lists += [f"[?{job}.?submitterPodTemplate.?spec]" for job in jobs]
    lists += [f"{cluster}.?workerGroupSpecs.orValue([]){_SPECS}" for cluster in clusters]
    lists += [f"{cluster}.?autoscalerOptions.optMap(a, [{{'containers': [a]}}]).orValue([])" for cluster in clusters]
    return " + ".join(lists)


def _jobs(at: str) -> tuple[str, str]:
    """Where the spec of a job may be."""
    return f"{at}.?spec", f"{at}.?spec.?jobTemplate"


def _clusters(at: str) -> tuple[str, ...]:
    """Where the spec of a cluster may be."""
    return f"{at}.?spec", *(f"{job}.?rayClusterSpec" for job in _jobs(at)), f"{at}.?spec.?rayClusterConfig"


_SPECS = ".filter(g, g.?template.?spec.hasValue()).map(g, g.template.spec)"


def _containers(pod: str) -> str:
    """A list of all containers of a pod."""
    return f"{pod}.?containers.orValue([]) + {pod}.?initContainers.orValue([])"


def _account(pod: str) -> str:
    """The service account that a pod gets; the second field is an old name of the first."""
    first, second = f"{pod}.?serviceAccountName.orValue('')", f"{pod}.?serviceAccount.orValue('')"
    return f"({first} != '' ? {first} : {second})"


def _new(power: str, subject: str, before: str) -> str:
    """Whether neither the namespace allows a power with this subject, nor a pod ``o`` of the object had it before."""
    allowed = f"('{power}=' + {subject}) in variables.allowed"
    return f"!({allowed}) && !variables.before.exists(o, {before})"


def _shared(pod: str, field: str) -> str:
    return f"{pod}.?{field}.orValue(false)"


def _adds(container: str) -> str:
    return f"{container}.?securityContext.?capabilities.?add.orValue([])"


_PRIVILEGED = "{}.?securityContext.?privileged.orValue(false)"

VARIABLES = {
    "pods": _pods("object"),
    "before": f"oldObject == null ? [] : {_pods('oldObject')}",
    "allowed": f"namespaceObject.metadata.?annotations[?'{ALLOW}'].orValue('').split(',').map(w, w.trim())",
    "trusted": (
        f"namespaceObject.metadata.?labels[?'{ALLOW}'].orValue('') == 'true'"
        " || authorizer.group('').resource('pods').namespace(request.namespace).check('create').allowed()"
    ),
}
"""``before``: who changes a cluster that asks already, as an autoscaler does, asks for nothing new."""

_SAME_ACCOUNT = f"{_account('o')} == {_account('p')}"
_SAME_ADDED = f"({_containers('o')}).exists(d, a in {_adds('d')})"
_SAME_PATH = "o.?volumes.orValue([]).exists(w, has(w.hostPath) && w.hostPath.path == v.hostPath.path)"


def _resizes(at: str) -> str:
    """Whether Ray's autoscaler shall resize pods, for which it gets leave to change those of the whole namespace."""
    scaled = " || ".join(f"{cluster}.?enableInTreeAutoscaling.orValue(false)" for cluster in _clusters(at))
    return f"({at}.metadata.?annotations[?'{RESIZES_IN_PLACE}'].hasValue() && ({scaled}))"


def _addresses(at: str) -> str:
    """A list of all addresses that Services would take from whoever has them."""
    services = (*(f"{cluster}.?headGroupSpec.?headService" for cluster in _clusters(at)), f"{at}.?spec.?serveService")
    return "(" + " + ".join(f"{service}.?spec.?externalIPs.orValue([])" for service in services) + ")"


def _has_ingress(at: str) -> str:
    return " || ".join(f"{cluster}.?headGroupSpec.?enableIngress.orValue(false)" for cluster in _clusters(at))


def _snippets(at: str, key: str) -> str:
    """What the controller of an Ingress is handed in the annotation ``key`` to run; "" where there is no Ingress."""
    return f"(({_has_ingress(at)}) ? {at}.metadata.?annotations[?{key}].orValue('') : '')"


def _shares(field: str) -> str:
    new = _new("host-namespaces", f"'{field}'", _shared("o", field))
    return f"variables.pods.exists(p, {_shared('p', field)} && {new})"


ASKS = {
    "service-account": (
        f"variables.pods.exists(p, !({_account('p')} in ['', 'default'])"
        f" && {_new('service-account', _account('p'), _SAME_ACCOUNT)})"
    ),
    "host-namespaces": " || ".join(_shares(field) for field in ("hostNetwork", "hostPID", "hostIPC")),
    "host-path": (
        "variables.pods.exists(p, p.?volumes.orValue([]).exists(v, has(v.hostPath)"
        f" && {_new('host-path', 'v.hostPath.path', _SAME_PATH)}))"
    ),
    "privileged": (
        f"variables.pods.exists(p, ({_containers('p')}).exists(c, {_PRIVILEGED.format('c')}"
        f" && !variables.before.exists(o, ({_containers('o')}).exists(d, {_PRIVILEGED.format('d')}))))"
    ),
    "capabilities": (
        f"variables.pods.exists(p, ({_containers('p')}).exists(c, {_adds('c')}.exists(a, a != 'NET_BIND_SERVICE'"
        f" && {_new('capabilities', 'a', _SAME_ADDED)})))"
    ),
    "patch-pods": f"{_resizes('object')} && !(oldObject != null && {_resizes('oldObject')})",
    "external-ips": (
        f"{_addresses('object')}.exists(a, !(('external-ips=' + a) in variables.allowed)"
        f" && !(oldObject != null && a in {_addresses('oldObject')}))"
    ),
    "ingress-snippets": (
        f"object.metadata.?annotations.orValue({{}}).exists(k, k.endsWith('{SNIPPET}')"
        f" && {_snippets('object', 'k')} != '' && !(('ingress-snippets=' + k) in variables.allowed)"
        f" && !(oldObject != null && {_snippets('oldObject', 'k')} == {_snippets('object', 'k')}))"
    ),
}
"""Powers by the names that a namespace allows them by, and whether an object asks for one that is new."""
