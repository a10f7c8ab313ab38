"""Between RayCluster and cluster.yaml: the same machines, valid text, and nothing dropped unsaid."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shoal.convert.conversion import Conversion
from shoal.convert.names import names_of
from shoal.convert.to_clusterfile import to_clusterfile
from shoal.convert.to_raycluster import to_raycluster
from shoal.desired.derive import desired
from shoal.findings import has_errors
from shoal.lint.facts import Facts
from shoal.lint.run import lint
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.complaints import place
from shoal.spec.parse import parse
from shoal.spec.raycluster import RayCluster

CASES = Path(__file__).parents[2] / "cases/convert"


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """given: a document; becomes: the other one; lost: the fields that the conversion names."""

    name: str
    given: dict[str, Any]
    becomes: dict[str, Any]
    lost: tuple[str, ...] = ()


def read(text: str) -> RayCluster | ClusterFile:
    """The one cluster of a text that has no errors, of the parser or of lint."""
    parsed = parse(text, "x.yaml")
    assert not has_errors(parsed.findings + lint(parsed, Facts())), (parsed.findings, text)
    (document,) = parsed.documents
    assert isinstance(document.spec, RayCluster | ClusterFile)
    return document.spec


def converted(spec: RayCluster | ClusterFile) -> Conversion:
    return to_clusterfile(spec) if isinstance(spec, RayCluster) else to_raycluster(spec)


def machines(spec: RayCluster | ClusterFile) -> Counter[tuple[Any, ...]]:
    """What each node offers to Ray: role, group, resources and labels."""
    told = ("num-cpus", "num-gpus", "memory", "labels")
    return Counter(
        (node.role, node.group, custom(node.start_params), *(node.start_params.get(name) for name in told))
        for node in desired(spec).nodes
    )


def custom(params: dict[str, str]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(json.loads(params.get("resources", "{}")).items()))


def cases() -> list[Case]:
    return [
        case
        for path in sorted(CASES.glob("*.yaml"))
        for case in msgspec.convert(yaml.safe_load(path.read_text()), list[Case])
    ]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_document_becomes_the_other(case: Case) -> None:
    conversion = converted(read(yaml.safe_dump(case.given, sort_keys=False)))
    assert yaml.safe_load(conversion.text) == case.becomes
    assert tuple(place(finding.path) for finding in conversion.lost) == case.lost
    read(conversion.text)


NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
VALUES = st.from_regex(r"[A-Za-z0-9/_.-]{1,8}", fullmatch=True)
TRICKY = st.sampled_from(["y", "no", "1e3", "0x10", "null", "2.60", "1_0", ".inf", "010", "true"]) | VALUES
GIB = 1024**3


@st.composite
def groups(draw: st.DrawFn) -> dict[str, Any]:
    """A head or worker group: what it offers."""
    limits = {"cpu": draw(st.integers(1, 64)), "memory": f"{draw(st.integers(1, 64))}Gi"}
    if draw(st.booleans()):
        limits["nvidia.com/gpu"] = draw(st.integers(1, 8))
    params = draw(st.sampled_from([{}, {"num-cpus": "0"}, {"plasma-directory": "/dev/shm"}]))
    custom = draw(st.dictionaries(NAMES, st.integers(1, 9).map(str), max_size=2)) if not params else {}
    container = {"name": "ray", "image": "rayproject/ray:2.60.0", "resources": {"limits": limits}}
    return {
        "rayStartParams": params,
        "resources": custom,
        "labels": draw(st.dictionaries(NAMES, TRICKY, max_size=2)),
        "template": {"spec": {"containers": [container]}},
    }


@st.composite
def rayclusters(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(NAMES, unique=True, max_size=3))
    workers = []
    for name in names:
        least, more, most = sorted(draw(st.tuples(*[st.integers(0, 9)] * 3)))
        bounds = {"minReplicas": least, "replicas": more, "maxReplicas": most}
        workers.append({"groupName": name, **bounds, **draw(groups())})
    spec: dict[str, Any] = {"rayVersion": "2.60.0", "headGroupSpec": draw(groups()), "workerGroupSpecs": workers}
    if draw(st.booleans()):
        spec["enableInTreeAutoscaling"] = True
        for worker in workers:
            worker["replicas"] = worker["minReplicas"]
    metadata = {"name": draw(NAMES)}
    return {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": metadata, "spec": spec}


@given(rayclusters())
def test_a_raycluster_becomes_the_same_machines_and_comes_back(document: dict[str, Any]) -> None:
    spec = read(json.dumps(document))
    assert isinstance(spec, RayCluster)
    file = read(to_clusterfile(spec).text)
    assert isinstance(file, ClusterFile)
    assert file.cluster_name == spec.metadata.name
    assert machines(file) == machines(spec)
    back = read(to_raycluster(file).text)
    assert isinstance(back, RayCluster)
    assert back.metadata.name == spec.metadata.name
    assert machines(back) == machines(spec)
    assert bounds(back) == bounds(spec)
    assert [
        group.ray_start_params.get("num-cpus") for group in back.spec.worker_group_specs if not group.resources
    ] == [group.ray_start_params.get("num-cpus") for group in spec.spec.worker_group_specs if not group.resources]


def bounds(cluster: RayCluster) -> dict[str, tuple[int, int, int | None]]:
    """What a group may have and has; without autoscaling only what it has counts."""
    spec = cluster.spec
    scales = spec.enable_in_tree_autoscaling and any(g.max_replicas > g.min_replicas for g in spec.worker_group_specs)
    return {
        group.group_name: (group.min_replicas, group.max_replicas, group.replicas)
        if scales
        else (group.replicas or 0, group.replicas or 0, group.replicas)
        for group in spec.worker_group_specs
    }


@st.composite
def clusterfiles(draw: st.DrawFn) -> dict[str, Any]:
    types: dict[str, Any] = {}
    for name in ["head", *draw(st.lists(NAMES.filter(lambda name: name != "head"), unique=True, max_size=3))]:
        resources = {
            "CPU": draw(st.integers(0, 64)),
            "memory": draw(st.integers(1, 64)) * GIB + draw(st.integers(0, 9)),
        }
        resources |= draw(st.dictionaries(NAMES, st.integers(1, 9), max_size=2))
        if draw(st.booleans()):
            resources["GPU"] = draw(st.integers(1, 8))
        types[name] = {
            "node_config": {},
            "resources": resources,
            "labels": draw(st.dictionaries(NAMES, VALUES, max_size=1)),
        }
        if name != "head":
            types[name]["min_workers"], types[name]["max_workers"] = sorted(draw(st.tuples(*[st.integers(0, 9)] * 2)))
    return {
        "cluster_name": draw(NAMES),
        "provider": {"type": "local", "head_ip": "localhost"},
        "head_node_type": "head",
        "available_node_types": types,
    }


@given(clusterfiles())
def test_a_cluster_file_becomes_the_same_machines(document: dict[str, Any]) -> None:
    file = read(json.dumps(document))
    assert isinstance(file, ClusterFile)
    cluster = read(to_raycluster(file).text)
    assert isinstance(cluster, RayCluster)
    head_is_called_otherwise = Counter(
        {
            (key[0], "headgroup" if key[0] == "head" else key[1], *key[2:]): number
            for key, number in machines(file).items()
        }
    )
    assert machines(cluster) == head_is_called_otherwise


def test_names_that_kubernetes_refuses_are_changed_and_told() -> None:
    text = """
cluster_name: My_Cluster
provider: {type: local, head_ip: localhost}
head_node_type: h
available_node_types:
  h: {node_config: {}, resources: {}, max_workers: 0}
  a.b: {node_config: {}, resources: {CPU: 1}, min_workers: 1, max_workers: 1}
  a_b: {node_config: {}, resources: {CPU: 1}, min_workers: 1, max_workers: 1}
"""
    file = read(text)
    assert isinstance(file, ClusterFile)
    conversion = to_raycluster(file)
    cluster = read(conversion.text)
    assert isinstance(cluster, RayCluster)
    assert cluster.metadata.name == "my-cluster"
    assert [group.group_name for group in cluster.spec.worker_group_specs] == ["a-b", "a-b-2"]
    told = [finding.message for finding in conversion.lost if "called '" in finding.message]
    assert len(told) == 3


def test_a_worker_type_called_as_the_heads_group_gets_another_name() -> None:
    assert names_of(["headgroup", "a_b", "a-b"]) == ["headgroup-2", "a-b", "a-b-2"]
