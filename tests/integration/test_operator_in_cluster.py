"""The operator in its own pod on a real node: installed, at work on a real Ray cluster, and taken off again."""

from collections.abc import Iterator

import pytest
import yaml

from kube import Cluster

pytestmark = [pytest.mark.node, pytest.mark.slow]

RAY = "docker.io/rayproject/ray:2.60.0"
READY_S = 240
NOBODY = "65532"


@pytest.fixture
def operator(node: Cluster, operator_image: str, namespace: str) -> Iterator[str]:
    """The namespace of an operator that watches the test's own."""
    with node.operator(operator_image, namespace) as space:
        yield space


def pod(name: str) -> dict[str, object]:
    """A pod template with a real Ray."""
    resources = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "2Gi"}}
    return {"spec": {"containers": [{"name": name, "image": RAY, "resources": resources}]}}


def small_cluster() -> str:
    """A cluster with all that takes permissions: a token, a policy, and Ray's own autoscaler with its Role."""
    worker = {"groupName": "w", "replicas": 1, "minReplicas": 1, "maxReplicas": 2, "rayStartParams": {"num-cpus": "1"}}
    spec = {
        "rayVersion": "2.60.0",
        "enableInTreeAutoscaling": True,
        "headGroupSpec": {"rayStartParams": {"num-cpus": "0"}, "template": pod("ray-head")},
        "workerGroupSpecs": [worker | {"template": pod("ray-worker")}],
    }
    return yaml.safe_dump(
        {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "small"}, "spec": spec}
    )


def test_it_runs_a_cluster_with_the_permissions_it_was_given(operator: str, node: Cluster, namespace: str) -> None:
    node.kubectl("-n", namespace, "apply", "-f", "-", stdin=small_cluster())
    wait = ("-n", namespace, "wait", "raycluster/small", "--for=jsonpath={.status.state}=ready")
    node.kubectl(*wait, f"--timeout={READY_S}s")
    first = node.kubectl("-n", operator, "get", "pods", "-o", "name").strip()
    node.kubectl("-n", operator, "delete", first)
    node.kubectl("-n", operator, "rollout", "status", "deployment/shoal-operator", f"--timeout={READY_S}s")
    before = node.kubectl("-n", namespace, "get", "pods", "-o", "name")
    node.kubectl("-n", namespace, "delete", "raycluster", "small", "--timeout=60s")
    said = node.kubectl("-n", operator, "logs", "deployment/shoal-operator")
    assert before.count("pod/small-") == 2, before
    assert "forbidden" not in said, said
    assert '"level":"error"' not in said, said


def test_its_process_is_nobody_and_can_write_nowhere(operator: str, node: Cluster) -> None:
    inside = ("-n", operator, "exec", "deployment/shoal-operator", "--", "python3", "-c")
    assert node.kubectl(*inside, "import os; print(os.getuid())").strip() == NOBODY
    refused = node.try_kubectl(*inside, "open('/tmp/x', 'w')")
    assert "Read-only file system" in refused.stderr
