"""What a spec asks for, case by case: tests/cases/desired."""

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from shoal.desired.cluster import DesiredCluster, Role
from shoal.desired.derive import desired
from shoal.findings import has_errors
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.parse import parse
from shoal.spec.raycluster import RayCluster

CASES = Path(__file__).parents[2] / "cases" / "desired"
RESOURCES = yaml.safe_load((CASES / "resources.yaml").read_text())
NODES = yaml.safe_load((CASES / "nodes.yaml").read_text())


def derived(content: dict[str, Any]) -> DesiredCluster:
    """What a file with this content asks for. It has no errors."""
    parsed = parse(json.dumps(content), "case.yaml")
    assert not has_errors(parsed.findings), parsed.findings
    spec = parsed.documents[0].spec
    assert isinstance(spec, RayCluster | ClusterFile)
    return desired(spec)


def template(container: dict[str, Any], **pod: Any) -> dict[str, Any]:
    """A pod template with this Ray container, and further fields of the pod."""
    return {"spec": {"containers": [{"name": "ray", "image": "rayproject/ray:2.60.0", **container}], **pod}}


def raycluster(head: dict[str, Any], groups: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A manifest."""
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "c"},
        "spec": {"headGroupSpec": head, "workerGroupSpecs": groups, **more},
    }


@pytest.mark.parametrize("case", RESOURCES, ids=lambda case: case["name"])
def test_a_container_becomes_options_of_ray_start(case: dict[str, Any]) -> None:
    group = {
        "rayStartParams": {},
        "template": template(case["container"], **case.get("pod", {})),
        **case.get("group", {}),
    }
    worker = {"groupName": "w", "replicas": 1, "minReplicas": 1, "maxReplicas": 1, **copy.deepcopy(group)}
    head, first = derived(raycluster(group, [worker])).nodes
    assert head.start_params == first.start_params == case["params"]
    assert (head.role, first.role) == (Role.HEAD, Role.WORKER)
    assert head.ports == case.get("ports", {})
    assert first.ports == {}
    assert head.env == first.env == case.get("env", {})


@pytest.mark.parametrize("case", NODES, ids=lambda case: case["name"])
def test_a_file_asks_for_these_nodes(case: dict[str, Any]) -> None:
    if "clusterfile" in case:
        cluster = derived(case["clusterfile"])
    else:
        group = {"rayStartParams": {}, "template": template({})}
        groups = [{**group, **worker} for worker in case["groups"]]
        cluster = derived(raycluster(group, groups, **case.get("spec", {})))
    assert [node.name for node in cluster.nodes] == case["nodes"]
    assert [node.role for node in cluster.nodes[1:]] == [Role.WORKER] * len(cluster.nodes[1:])


def test_a_cluster_files_resources_and_labels_become_options() -> None:
    kind = {
        "node_config": {},
        "resources": {"CPU": 2, "GPU": 1, "memory": 1000, "widget": 3},
        "labels": {"zone": "b"},
        "min_workers": 1,
        "max_workers": 1,
    }
    types = {"head": {"node_config": {}, "resources": {"CPU": 0}}, "w": kind}
    cluster = derived(
        {
            "cluster_name": "c",
            "max_workers": 1,
            "provider": {"type": "local"},
            "head_node_type": "head",
            "available_node_types": types,
        }
    )
    assert cluster.nodes[0].start_params == {"num-cpus": "0"}
    assert cluster.nodes[1].start_params == {
        "num-cpus": "2",
        "num-gpus": "1",
        "memory": "1000",
        "resources": '{"widget": 3}',
        "labels": "zone=b",
    }


def test_the_fingerprint_changes_with_every_setting_and_with_nothing_else() -> None:
    cluster = derived(raycluster({"rayStartParams": {}, "template": template({})}, []))
    node = cluster.nodes[0]
    again = msgspec.json.decode(msgspec.json.encode(node), type=type(node))
    assert again.fingerprint == node.fingerprint
    changed = [
        msgspec.structs.replace(node, **change)
        for change in (
            {"start_params": {"num-cpus": "1"}},
            {"env": {"A": "1"}},
            {"ports": {"gcs": 1}},
            {"group": "x"},
            {"name": "y"},
        )
    ]
    assert len({node.fingerprint, *(other.fingerprint for other in changed)}) == 6


def test_the_order_of_options_does_not_change_the_fingerprint() -> None:
    node = derived(raycluster({"rayStartParams": {}, "template": template({})}, [])).nodes[0]
    one = msgspec.structs.replace(node, start_params={"a": "1", "b": "2"})
    two = msgspec.structs.replace(node, start_params={"b": "2", "a": "1"})
    assert one.fingerprint == two.fingerprint
