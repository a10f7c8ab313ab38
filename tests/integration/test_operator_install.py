"""The operator put onto a real API server, looked at there, and taken off again. Its pods are fake: they only start."""

import json
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from kube import BUILT, Cluster
from shoal.cli.main import run

pytestmark = pytest.mark.kwok

ACCOUNT = "system:serviceaccount:{space}:shoal-operator"
STRANGER = "shoal-test-stranger"


@pytest.fixture
def space(kwok: Cluster) -> Iterator[str]:
    """The name of a namespace that is yet to be made."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    yield name
    run(["operator", "uninstall", "--kubeconfig", str(kwok.kubeconfig), "--namespace", name, "--quiet"])
    kwok.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


class Operator:
    """`shoal operator` with one cluster and namespace."""

    def __init__(self, kubeconfig: Path, space: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._where = ["--kubeconfig", str(kubeconfig), "--namespace", space]
        self._capsys = capsys

    def __call__(self, verb: str, *arguments: str, expected: int = 0) -> str:
        """What the verb says, on both streams."""
        code = run(["operator", verb, *self._where, *arguments])
        said = self._capsys.readouterr()
        assert code == expected, said
        return said.out + said.err


@pytest.fixture
def operator(kwok: Cluster, space: str, capsys: pytest.CaptureFixture[str]) -> Operator:
    """As the administrator."""
    return Operator(kwok.kubeconfig, space, capsys)


def may(cluster: Cluster, account: str, space: str, verb: str, resource: str) -> bool:
    """What the API server says of an account."""
    done = cluster.try_kubectl("auth", "can-i", verb, resource, "--as", account, "-n", space)
    return done.stdout.strip() == "yes"


def test_it_is_installed_seen_and_left_alone_the_second_time(operator: Operator, space: str) -> None:
    said = operator("install", "--watch-namespace", "default")
    assert f"created: Namespace {space}" in said
    assert f"created: Deployment {space}/shoal-operator" in said
    assert f"the operator runs in namespace {space}" in said
    again = operator("install", "--watch-namespace", "default")
    assert "changed: " not in again.replace("unchanged: ", "")
    assert "nothing had to be changed" in again
    assert "is this installation" in operator("preflight", "--watch-namespace", "default")


def test_preflight_as_data_names_every_check(operator: Operator) -> None:
    checks = json.loads(operator("preflight", "--watch-namespace", "default", "-o", "json"))
    assert [one["check"] for one in checks if one["level"] == "fail"] == []
    assert {one["check"] for one in checks} >= {"server", "permissions", "definitions", "operators", "leases", "quota"}


def test_the_operators_account_may_do_what_it_needs_and_no_more(
    operator: Operator, kwok: Cluster, namespace: str, space: str
) -> None:
    operator("install", "--watch-namespace", namespace)
    assert f"{ACCOUNT.format(space=space)} has what it needs" in operator("preflight", "--watch-namespace", namespace)
    account = ACCOUNT.format(space=space)
    assert may(kwok, account, namespace, "create", "pods")
    assert may(kwok, account, namespace, "create", "secrets")
    assert not may(kwok, account, namespace, "list", "secrets")
    assert not may(kwok, account, namespace, "delete", "secrets")
    assert not may(kwok, account, "default", "create", "pods")
    assert not may(kwok, account, space, "create", "pods")
    assert not may(kwok, account, namespace, "escalate", "roles")


def test_what_another_installation_had_is_removed(operator: Operator, kwok: Cluster, namespace: str) -> None:
    operator("install", "--watch-namespace", namespace)
    assert kwok.kubectl("-n", namespace, "get", "role", "-o", "name") != ""
    said = operator("install", "--watch-namespace", "default", "--profile", "compat")
    assert f"removed: Role {namespace}/shoal-operator" in said
    assert "removed: ValidatingAdmissionPolicy " in said
    assert kwok.kubectl("-n", namespace, "get", "role", "-o", "name") == ""


def test_uninstalling_keeps_clusters_and_says_so(operator: Operator, kwok: Cluster, namespace: str, space: str) -> None:
    operator("install", "--watch-namespace", namespace)
    said = operator("uninstall")
    assert f"removed: Deployment {space}/shoal-operator" in said
    assert "kept: the definitions rayclusters.ray.io" in said
    assert f"kept: namespace {space}" in said
    assert (
        "no resources"
        in kwok.try_kubectl(
            "-n", space, "get", "deploy,role,sa", "-l", "app.kubernetes.io/part-of=shoal"
        ).stderr.lower()
    )
    assert "no operator of Shoal was installed" in operator("uninstall")


def test_definitions_of_others_are_put_back_from_the_copy_that_preflight_asks_for(
    operator: Operator, kwok: Cluster, tmp_path: Path
) -> None:
    operator("install", "--watch-namespace", "default")
    kwok.kubectl("annotate", "crd", "raycronjobs.ray.io", "shoal.dev/definition-", "shoal.dev/version-", "old=yes")
    copying = re.search("keep a copy: `(.*)`", operator("preflight", "--watch-namespace", "default"))
    assert copying is not None
    path = f"{BUILT}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "KUBECONFIG": str(kwok.kubeconfig), "PATH": path}
    subprocess.run(copying[1], shell=True, cwd=tmp_path, env=environment, check=True)
    operator("install", "--watch-namespace", "default")
    kwok.kubectl("annotate", "crd", "raycronjobs.ray.io", "old-")
    kwok.kubectl("replace", "-f", str(tmp_path / "before.yaml"))
    notes = "jsonpath={.metadata.annotations}"
    put_back = json.loads(kwok.kubectl("get", "crd", "raycronjobs.ray.io", "-o", notes))
    assert put_back["old"] == "yes"
    assert "shoal.dev/definition" not in put_back
    kwok.kubectl("annotate", "crd", "raycronjobs.ray.io", "old-")


def test_an_operator_that_works_already_is_in_the_way(
    operator: Operator, kwok: Cluster, namespace: str, space: str
) -> None:
    kwok.kubectl("-n", namespace, "create", "deployment", "kuberay-operator", "--image=kuberay")
    kwok.kubectl(
        "-n",
        namespace,
        "label",
        "deployment",
        "kuberay-operator",
        "app.kubernetes.io/name=kuberay-operator",
        "--overwrite",
    )
    said = operator("install", expected=1)
    assert "E750" in said
    assert f"{namespace}/kuberay-operator" in said
    assert f"kubectl -n {namespace} scale deployment kuberay-operator --replicas 0" in said
    assert kwok.try_kubectl("get", "namespace", space).returncode != 0, "something was changed"


def test_why_the_operator_does_not_run_is_told(operator: Operator, kwok: Cluster, namespace: str, space: str) -> None:
    kwok.kubectl("create", "namespace", space)
    kwok.kubectl("-n", space, "create", "quota", "none", "--hard=pods=0")
    said = operator("install", "--watch-namespace", namespace, expected=1)
    assert "none leaves 0 of pods" in said
    said = operator("install", "--watch-namespace", namespace, "--skip-preflight", "--timeout", "3", expected=4)
    assert "exceeded quota: none" in said


def test_who_may_not_install_is_told_what_is_missing(
    kwok: Cluster, space: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = yaml.safe_load(kwok.kubeconfig.read_text())
    config["users"][0]["user"]["as"] = STRANGER
    kubeconfig = tmp_path / "stranger"
    kubeconfig.write_text(yaml.safe_dump(config))
    stranger = Operator(kubeconfig, space, capsys)
    assert "create, patch customresourcedefinitions.apiextensions.k8s.io" in stranger("preflight", expected=1)
    stranger("install", expected=1)
    assert kwok.try_kubectl("get", "namespace", space).returncode != 0


def test_nobody_gives_the_operator_what_he_does_not_hold_himself(
    kwok: Cluster, space: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """He may write roles, so that only the API server's own check of what they give is in the way."""
    config = yaml.safe_load(kwok.kubeconfig.read_text())
    config["users"][0]["user"]["as"] = f"{STRANGER}-{space}"
    kubeconfig = tmp_path / "roles"
    kubeconfig.write_text(yaml.safe_dump(config))
    kinds = (
        "namespaces,customresourcedefinitions,serviceaccounts,networkpolicies,deployments,roles,rolebindings,"
        "clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings"
    )
    role = f"{space}-roles"
    kwok.kubectl("create", "clusterrole", role, "--verb=get,list,create,patch", f"--resource={kinds}")
    kwok.kubectl("create", "clusterrolebinding", role, f"--clusterrole={role}", f"--user={STRANGER}-{space}")
    try:
        said = Operator(kubeconfig, space, capsys)("preflight", expected=1)
    finally:
        kwok.kubectl("delete", "clusterrolebinding,clusterrole", role)
    assert "attempting to grant RBAC permissions not currently held" in said
