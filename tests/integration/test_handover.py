"""RayClusters that one operator made are taken over by another, KubeRay's or ours, and no pod is restarted for it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.operators_at_work import KUBERAYS, RAY, forget, kuberay, post, ready, running, shoal, uids, until
from kube import Cluster

Json = dict[str, Any]
Command = Callable[[Cluster, str], list[str]]
SPECS: dict[str, Json] = yaml.safe_load((Path(__file__).parent.parent / "cases/kubernetes/handover.yaml").read_text())
QUIET_S = 5.0
"""What an operator does to clusters it has just taken over, it does within this after it has done what was asked."""
COMMANDS: dict[str, Command] = {
    "KubeRay": kuberay,
    "secure": lambda cluster, space: shoal(cluster, space, "secure"),
    "compat": lambda cluster, space: shoal(cluster, space, "compat"),
}
pytestmark = [
    pytest.mark.kwok,
    pytest.mark.skipif(not KUBERAYS.exists(), reason="KubeRay's operator is not built (python -m lab build --kuberay)"),
]


@pytest.fixture(scope="module")
def server(kwok: Cluster) -> Cluster:
    kwok.define_kinds()
    return kwok


@pytest.fixture
def space(server: Cluster) -> Iterator[str]:
    with server.new_namespace() as name:
        yield name
        forget(server, name, SPECS)


@pytest.mark.parametrize(
    ("before", "after"), [("KubeRay", "secure"), ("KubeRay", "compat"), ("compat", "KubeRay"), ("secure", "KubeRay")]
)
def test_no_pod_is_restarted_when_another_operator_takes_over(
    server: Cluster, space: str, before: str, after: str
) -> None:
    for name, spec in SPECS.items():
        body = {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": name}, "spec": spec}
        post(server, f"{RAY}/namespaces/{space}/rayclusters", body)
    with running(COMMANDS[before](server, space)):
        until(lambda: ready(server, space))
    made = {kind: uids(server, space, kind) for kind in ("pods", "services")}
    with running(COMMANDS[after](server, space)):
        for name in SPECS:
            _one_more_worker(server, space, name)
        added = sum(spec["workerGroupSpecs"][0].get("numOfHosts", 1) for spec in SPECS.values())
        until(lambda: len(uids(server, space, "pods")) >= len(made["pods"]) + added)
        until(lambda: ready(server, space))
        time.sleep(QUIET_S)
    for kind, were in made.items():
        now = uids(server, space, kind)
        assert were.items() <= now.items(), f"{kind} that were made anew: {sorted(were.keys() - now.keys())}"
    assert len(uids(server, space, "pods")) == len(made["pods"]) + added


def _one_more_worker(cluster: Cluster, space: str, name: str) -> None:
    group = SPECS[name]["workerGroupSpecs"][0]
    patch = [{"op": "replace", "path": "/spec/workerGroupSpecs/0/replicas", "value": group["replicas"] + 1}]
    path = f"/{RAY}/namespaces/{space}/rayclusters/{name}"
    assert cluster.ask("PATCH", path, patch, "application/json-patch+json")[0] == 200
