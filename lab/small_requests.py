"""An admission policy for tests that request more CPUs than this machine has: every container requests next to none."""

from typing import Any

from lab.api import apply, get
from lab.errors import LabError
from lab.folders import Run

API = "admissionregistration.k8s.io/v1beta1"
FLAGS = ("--feature-gates=MutatingAdmissionPolicy=true", f"--runtime-config={API}=true")
"""Of an API server that knows such policies: Kubernetes 1.34 has them switched off."""
NAME = "small-requests"
REQUEST, LIMIT = "10m", "2"
# What Ray is told of CPUs is in its command, which stays as it is.
CONTAINERS = """\
object.spec.{field}.map(each, Object.spec.{field}{{
  name: each.name,
  resources: Object.spec.{field}.resources{{requests: {{"cpu": "{request}"}}, limits: {{"cpu": "{limit}"}}}}
}})"""


def make_requests_small(run: Run) -> None:
    """Have the API server lower the CPU request, and raise the limit, of every container of the pods to come."""
    if get(run, f"/apis/{API}") is None:
        raise LabError(f"the API server of {run.folder} knows no such policies", "give it a lab of its own: --run DIR")
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    policy = {
        "matchConstraints": {"resourceRules": [rule]},
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [_mutation(field) for field in ("containers", "initContainers")],
    }
    _apply(run, "MutatingAdmissionPolicy", "mutatingadmissionpolicies", policy)
    _apply(run, "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", {"policyName": NAME})


def _mutation(field: str) -> dict[str, Any]:
    change = CONTAINERS.format(field=field, request=REQUEST, limit=LIMIT)
    expression = f"Object{{spec: has(object.spec.{field}) ? Object.spec{{{field}: {change}}} : Object.spec{{}}}}"
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def _apply(run: Run, kind: str, resource: str, spec: dict[str, Any]) -> None:
    apply(
        run,
        f"/apis/{API}/{resource}/{NAME}",
        {"apiVersion": API, "kind": kind, "metadata": {"name": NAME}, "spec": spec},
    )
