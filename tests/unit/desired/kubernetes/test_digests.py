"""When a running pod is no longer what its manifest asks for: tests/cases/kubernetes/pods/digests.yaml."""

import copy
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from shoal.desired.cluster import DesiredCluster
from shoal.desired.kubernetes.settings import Settings
from unit.desired.kubernetes.pod_view import least_group, made, manifest, pods_of

CASES = yaml.safe_load((Path(__file__).parents[3] / "cases" / "kubernetes" / "pods" / "digests.yaml").read_text())
OF_SCHEDULING = ("tolerations", "schedulingGates")


def base() -> dict[str, Any]:
    """A cluster with two worker groups, ``w`` and ``x``, and with most of what a change may touch."""
    body = manifest({"spec": {"enableInTreeAutoscaling": True, "autoscalerOptions": {"version": "v1"}}})
    body["spec"]["workerGroupSpecs"].append({"groupName": "x", **least_group("ray-worker", {}, {})})
    return body


def changed(body: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """``body`` with other values in its spec. change: by path, as ``workerGroupSpecs.0.replicas``."""
    found = copy.deepcopy(body)
    for path, value in change.items():
        *way, last = path.split(".")
        place = found["spec"]
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[last] = value
    return found


def digests(cluster: DesiredCluster) -> dict[str, str]:
    """Of each group's pods, by the group's name."""
    return {
        msgspec.json.decode(pod)["metadata"]["labels"]["ray.io/group"]: key for key, pod in cluster.templates.items()
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case["change"]))
def test_a_change_of_the_spec_changes_these_pods_and_no_others(case: dict[str, Any]) -> None:
    before, after = made(base(), Settings()), made(changed(base(), case["change"]), Settings())
    old, new = digests(before), digests(after)
    assert [group for group in old if old[group] != new[group]] == case["changes"]
    pods, others = pods_of(before), pods_of(after)
    for group in old.keys() - case["changes"]:
        for key in OF_SCHEDULING:
            others[group]["spec"].pop(key, None)
        assert others[group] == pods[group]
    if before.nodes and after.nodes:
        assert (before.nodes[0].edition != after.nodes[0].edition) is bool(case["changes"])


def test_what_the_operator_adds_of_itself_changes_no_running_pod() -> None:
    body = changed(base(), {"authOptions": {"mode": "disabled"}})
    open_, closed = made(body, Settings(profile="compat")), made(body, Settings(profile="secure"))
    assert digests(open_) == digests(closed)
    assert pods_of(open_) != pods_of(closed)


def test_a_cluster_that_now_asks_for_tokens_needs_other_pods() -> None:
    assert digests(made(base(), Settings(profile="compat"))) != digests(made(base(), Settings(profile="secure")))


def test_groups_that_are_alike_but_for_their_name_have_pods_of_their_own() -> None:
    body = base()
    body["spec"]["workerGroupSpecs"] = [{"groupName": name, **least_group("r", {}, {})} for name in ("a", "b")]
    assert len(made(body, Settings()).templates) == 3
