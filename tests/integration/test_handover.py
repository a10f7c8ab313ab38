"""RayClusters that one operator made are taken over by another, KubeRay's or ours, and no pod is restarted for it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.operators_at_work import KUBERAYS, RAY, forget, kuberay, listed, post, running, shoal
from kube import Cluster

Json = dict[str, Any]
Command = Callable[[Cluster, str], list[str]]
SPECS: dict[str, Json] = yaml.safe_load((Path(__file__).parent.parent / "cases/kubernetes/handover.yaml").read_text())
PATIENCE_S, POLL_S = 90.0, 0.5
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
        _until(lambda: _ready(server, space))
    made = {kind: _uids(server, space, kind) for kind in ("pods", "services")}
    with running(COMMANDS[after](server, space)):
        for name in SPECS:
            _one_more_worker(server, space, name)
        added = sum(spec["workerGroupSpecs"][0].get("numOfHosts", 1) for spec in SPECS.values())
        _until(lambda: len(_uids(server, space, "pods")) >= len(made["pods"]) + added)
        _until(lambda: _ready(server, space))
        time.sleep(QUIET_S)
    for kind, uids in made.items():
        now = _uids(server, space, kind)
        assert uids.items() <= now.items(), f"{kind} that were made anew: {sorted(uids.keys() - now.keys())}"
    assert len(_uids(server, space, "pods")) == len(made["pods"]) + added


def _one_more_worker(cluster: Cluster, space: str, name: str) -> None:
    group = SPECS[name]["workerGroupSpecs"][0]
    patch = [{"op": "replace", "path": "/spec/workerGroupSpecs/0/replicas", "value": group["replicas"] + 1}]
    path = f"/{RAY}/namespaces/{space}/rayclusters/{name}"
    assert cluster.ask("PATCH", path, patch, "application/json-patch+json")[0] == 200


def _uids(cluster: Cluster, space: str, kind: str) -> dict[str, str]:
    """Of what is not about to go, by name."""
    return {
        one["metadata"]["name"]: one["metadata"]["uid"]
        for one in listed(cluster, f"api/v1/namespaces/{space}/{kind}")
        if "deletionTimestamp" not in one["metadata"]
    }


def _ready(cluster: Cluster, space: str) -> bool:
    """Whether each cluster's operator says so of the spec as it is now."""
    return all(
        body.get("status", {}).get("state") == "ready"
        and body["status"].get("observedGeneration") == body["metadata"]["generation"]
        for body in listed(cluster, f"{RAY}/namespaces/{space}/rayclusters")
    )


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("it did not come to be")
        time.sleep(POLL_S)
