"""`shoal plan --context` on a real API server: what it shows of the operator is what the operator then does."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.operators_at_work import listed, running, shoal
from kube import Cluster
from unit.operator.driven import raycluster

pytestmark = pytest.mark.kube

PATIENCE_S = 60.0
MAY = [
    {"apiGroups": ["ray.io"], "resources": ["rayclusters"], "verbs": ["get", "patch", "create"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
]


@pytest.fixture
def operated(kube: Cluster, namespace: str) -> Iterator[Cluster]:
    """An operator of profile secure, which says so in its Lease, watches the namespace."""
    kube.define_kinds()
    command = [word for word in shoal(kube, namespace, "secure") if word != "--no-leader-election"]
    with running([*command, "--operator-namespace", namespace]):
        wait_until(lambda: "shoal.dev/operator" in kube.kubectl("get", "lease", "-n", namespace, "-o", "yaml"))
        yield kube


def wait_until(holds: Any) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("it did not come to that")
        time.sleep(0.2)


def test_the_plan_that_is_shown_is_what_the_operator_does(operated: Cluster, namespace: str, tmp_path: Path) -> None:
    def pods() -> set[str]:
        return {pod["metadata"]["name"] for pod in listed(operated, f"api/v1/namespaces/{namespace}/pods")}

    def shown(workers: int, kubeconfig: Path = operated.kubeconfig) -> tuple[int, dict[str, Any]]:
        file = tmp_path / "demo.json"
        body = raycluster(workers=workers)
        file.write_text(json.dumps(body | {"metadata": {"name": "demo", "namespace": namespace}}))
        return plan(kubeconfig, file)

    def apply() -> None:
        operated.kubectl("apply", "--server-side", "--field-manager=shoal", "-f", str(tmp_path / "demo.json"))

    code, new = shown(2)
    assert code == 3
    starts = [action["target"] for action in actions(new) if action["action"] == "StartNode"]
    assert starts == ["demo-head-*****", "demo-g-worker-*****", "demo-g-worker-*****"]
    objects = {action["target"] for action in actions(new) if action["action"] == "ApplyObject"}
    apply()
    wait_until(lambda: len(pods()) == 3)
    assert {f"Secret/{name}" for name in names(operated, namespace, "api/v1", "secrets")} <= objects
    assert {f"Service/{name}" for name in names(operated, namespace, "api/v1", "services")} <= objects

    code, fewer = shown(1)
    assert code == 3
    (stopped,) = actions(fewer)
    assert (stopped["action"], stopped["reason"]) == ("StopNode", "NodeNotWanted")
    blind_code, blind = shown(1, restricted(operated, namespace, tmp_path))
    assert (blind_code, actions(blind)) == (3, [stopped])
    said = blind["operator"]["notes"]
    assert {f"you may not read {kind}: what becomes of them is left out" for kind in ("services", "secrets")} <= {*said}
    assert "profile secure is assumed" in said
    before = pods()
    apply()
    wait_until(lambda: before - pods() == {stopped["target"]})
    assert shown(1)[1]["operator"] == {"stages": [], "notes": []}


def names(cluster: Cluster, namespace: str, api: str, plural: str) -> list[str]:
    return [found["metadata"]["name"] for found in listed(cluster, f"{api}/namespaces/{namespace}/{plural}")]


def actions(shown: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of the operator."""
    return [action for stage in shown["operator"]["stages"] for action in stage]


def plan(kubeconfig: Path, file: Path) -> tuple[int, dict[str, Any]]:
    """Its exit code, and what it prints as JSON."""
    context = yaml.safe_load(kubeconfig.read_text())["current-context"]
    command = [sys.executable, "-m", "shoal", "plan", str(file), "--context", context, "-o", "json"]
    told = os.environ | {"KUBECONFIG": str(kubeconfig)}
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, 3), done.stderr
    return done.returncode, json.loads(done.stdout)


def restricted(cluster: Cluster, namespace: str, folder: Path) -> Path:
    """A kubeconfig of somebody who may change RayClusters and see pods, and nothing else."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "author"}, "rules": MAY}
    cluster.kubectl("-n", namespace, "create", "serviceaccount", "author")
    cluster.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(role))
    whom = f"--serviceaccount={namespace}:author"
    cluster.kubectl("-n", namespace, "create", "rolebinding", "author", "--role=author", whom)
    token = cluster.kubectl("-n", namespace, "create", "token", "author").strip()
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
    path = folder / "restricted.conf"
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o600)
    return path
