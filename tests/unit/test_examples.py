"""The files of examples/, which the README and the demo rest on."""

from pathlib import Path

import pytest

from shoal.desired.derive import desired
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.parse import parse
from shoal.spec.raycluster import RayCluster

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_an_example_is_read_without_a_finding(path: Path) -> None:
    parsed = parse(path.read_bytes(), path.name)
    assert parsed.findings == ()
    assert len(parsed.documents) == 1


def test_the_complete_example_is_a_head_and_two_workers() -> None:
    (document,) = parse((EXAMPLES / "raycluster-complete.yaml").read_bytes(), "raycluster-complete.yaml").documents
    assert isinstance(document.spec, RayCluster)
    spec = document.spec.spec
    assert spec.head_group_spec.ray_start_params == {"port": "6379", "num-cpus": "1"}
    assert [(group.group_name, group.replicas) for group in spec.worker_group_specs] == [("small-group", 2)]


def test_the_local_cluster_file_is_a_head_and_a_worker() -> None:
    (document,) = parse((EXAMPLES / "cluster-local.yaml").read_bytes(), "cluster-local.yaml").documents
    assert isinstance(document.spec, ClusterFile)
    assert len(desired(document.spec).nodes) == 2
