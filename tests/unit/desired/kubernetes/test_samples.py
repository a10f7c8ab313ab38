"""RayClusters among KubeRay's samples become what was reviewed: tests/cases/kubernetes/samples.yaml."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from shoal.desired.kubernetes.settings import Settings
from unit.desired.kubernetes.pod_view import made
from unit.desired.kubernetes.sample_view import summary

Json = dict[str, Any]
FOLDER = os.environ.get("SHOAL_KUBERAY_DIR")
pytestmark = pytest.mark.skipif(not FOLDER, reason="SHOAL_KUBERAY_DIR is not set to a folder with crds/ and samples/")
REVIEWED: dict[str, Json] = yaml.safe_load(
    (Path(__file__).parents[3] / "cases/kubernetes/samples.yaml").read_text(),
)


def clusters() -> dict[str, Json]:
    """The RayCluster of every sample that has one."""
    found = {}
    for path in sorted((Path(FOLDER or "/nowhere") / "samples").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if document and document["kind"] == "RayCluster":
                found[path.name] = document
    return found


def test_every_sample_with_a_cluster_was_reviewed() -> None:
    assert clusters().keys() == REVIEWED.keys()


@pytest.mark.parametrize("name", REVIEWED)
def test_a_sample_becomes_what_was_reviewed(name: str) -> None:
    given = clusters()[name]
    meta = given["metadata"] | {"namespace": "ns", "uid": "u"}
    body = {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": meta, "spec": given["spec"]}
    assert summary(made(body, Settings(profile="compat"))) == REVIEWED[name]
