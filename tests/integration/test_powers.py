"""What a real API server says to a cluster that asks for more than its author may have."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube import Cluster
from shoal.cli.documents import documents
from shoal.desired.kubernetes.powers import ALLOW
from shoal.install.admission import ASKS, policies
from shoal.install.manifests import definitions
from shoal.install.options import Options
from shoal.spec.kinds import RAY_KINDS
from unit.crds.objects import changed

pytestmark = pytest.mark.kube

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[1] / "cases/install/powers.yaml").read_text())
AUTHOR = "shoal-test-author"
SEES_POLICIES_S = 30.0


def asked(cluster: Cluster, space: str, value: dict[str, Any]) -> str:
    """What the API server says when the author creates or replaces ``value``: "" if it takes it."""
    verb = "replace" if value["metadata"].get("resourceVersion") else "create"
    arguments = ("--as", AUTHOR, "-n", space, verb, "--dry-run=server", "-f", "-")
    return cluster.try_kubectl(*arguments, stdin=documents([value], "yaml")).stderr


@pytest.fixture(scope="module")
def space(kube: Cluster) -> Iterator[str]:
    """A namespace under the policy, whose author may make Ray's kinds and no pods."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    policy = policies(Options(namespace=name, watch=(name,)))
    kube.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=documents(definitions(), "yaml"))
    kube.kubectl("create", "namespace", name)
    # As a manifest: `kubectl create role` wants the kinds to be there already, and they have only just been defined.
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "author"}}
    plurals = [f"{each.lower()}s" for each in RAY_KINDS]
    rules = [{"apiGroups": ["ray.io"], "resources": plurals, "verbs": ["create", "get", "update"]}]
    kube.kubectl("-n", name, "apply", "-f", "-", stdin=documents([kind | {"rules": rules}], "yaml"))
    kube.kubectl("-n", name, "create", "rolebinding", "author", "--role=author", f"--user={AUTHOR}")
    kube.kubectl("apply", "-f", "-", stdin=documents(policy, "yaml"))
    refused = changed("RayCluster", {"spec.headGroupSpec.template.spec.hostNetwork": True})
    end = time.monotonic() + SEES_POLICIES_S
    while ALLOW not in asked(kube, name, refused):
        assert time.monotonic() < end, "the API server does not heed the policy"
        time.sleep(0.2)
    yield name
    kube.kubectl("delete", "-f", "-", stdin=documents(policy, "yaml"))
    kube.kubectl("delete", "namespace", name, "--wait=false")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_power_is_had_by_who_may_have_it(kube: Cluster, space: str, case: dict[str, Any]) -> None:
    allows = case.get("allows", "")
    kube.kubectl("annotate", "namespace", space, "--overwrite", f"{ALLOW}={allows}")
    value = changed(case["kind"], case.get("set", {}))
    if "was" in case:
        before = changed(case["kind"], case["was"]) | {"metadata": {"generateName": "a-", "namespace": space}}
        path = f"/apis/ray.io/v1/namespaces/{space}/{case['kind'].lower()}s"
        value["metadata"] = kube.ask("POST", path, before)[1]["metadata"]
    end = time.monotonic() + SEES_POLICIES_S
    while (said := asked(kube, space, value)) and "refused" not in case and time.monotonic() < end:
        time.sleep(0.2)  # the policy sees the namespace as it was a moment ago
    if "refused" in case:
        assert f"asks for {case['refused']}, " in said
        assert [power for power in ASKS if f"asks for {power}, " in said] == [case["refused"]]
    else:
        assert said == ""


def test_who_may_make_pods_may_have_them_of_any_kind(kube: Cluster, space: str) -> None:
    value = changed("RayCluster", {"spec.headGroupSpec.template.spec.hostNetwork": True})
    kube.kubectl("-n", space, "create", "--dry-run=server", "-f", "-", stdin=documents([value], "yaml"))


def test_the_api_server_finds_nothing_wrong_with_the_policy(kube: Cluster, space: str) -> None:
    path = f"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/shoal-operator-{space}"
    assert kube.ask("GET", path)[1]["status"].get("typeChecking", {}) == {}
