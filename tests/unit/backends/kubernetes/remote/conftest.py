"""A cluster "demo" in namespace "team" of context "there", as far as its objects go; its head's commands really run."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from served import NAMESPACE, Served

PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
CLUSTERS = f"/apis/ray.io/v1/namespaces/{NAMESPACE}/rayclusters"
TOKEN = base64.b64encode(b"a-token").decode()
MANIFEST = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: demo}
spec:
  rayVersion: "2.60.0"
  headGroupSpec:
    rayStartParams: {}
    template: {spec: {containers: [{name: ray-head, image: "rayproject/ray:2.60.0", novel: {kept: true}}]}}
"""


def pod(name: str, role: str = "head", **container: Any) -> dict[str, Any]:
    """A pod of "demo". container: fields of its Ray container."""
    labels = {"ray.io/cluster": "demo", "ray.io/node-type": role, "ray.io/group": f"{role}group"}
    ray = {"name": f"ray-{role}", "image": "rayproject/ray:2.60.0", **container}
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [ray]}}


@pytest.fixture
def served(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A fake Kubernetes without any cluster; KUBECONFIG names it."""
    (tmp_path / "pod").mkdir()
    (tmp_path / "here").mkdir()
    fake = Served(tmp_path / "pod")
    fake.start()
    fake.kubeconfig(tmp_path / "config")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here" / "demo.yaml").write_text(MANIFEST)
    yield fake
    fake.stop()


@pytest.fixture
def demo(served: Served) -> Served:
    """With a RayCluster "demo" whose head "demo-head" runs and wants a token."""
    served.do("POST", CLUSTERS, {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "demo"}} | SPEC)
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "demo"},
        "data": {"auth_token": "YS10b2tlbg=="},
    }
    served.do("POST", f"/api/v1/namespaces/{NAMESPACE}/secrets", secret)
    token = {"name": "RAY_AUTH_TOKEN", "valueFrom": {"secretKeyRef": {"name": "demo", "key": "auth_token"}}}
    args = ["ulimit -n 65536; ray start --head --num-cpus=1 --memory=1073741824 --temp-dir=session --block"]
    served.do("POST", PODS, pod("demo-head", args=args, env=[{"name": "RAY_AUTH_MODE", "value": "token"}, token]))
    served.api.kubelet.run_pods()
    return served


SPEC = {
    "spec": {
        "rayVersion": "2.60.0",
        "headGroupSpec": {
            "rayStartParams": {},
            "template": {"spec": {"containers": [{"name": "ray-head", "image": "rayproject/ray:2.60.0"}]}},
        },
    }
}
