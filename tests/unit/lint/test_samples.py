"""The samples of KubeRay: reviewed findings, every field honoured or told, each converted. Needs SHOAL_KUBERAY_DIR."""

import os
from collections import Counter
from pathlib import Path

import pytest
import yaml
from lint_cases import CASES, HERE

from shoal.convert.to_clusterfile import to_clusterfile
from shoal.desired.derive import desired
from shoal.findings import Severity, has_errors
from shoal.lint.local import places, set_fields
from shoal.lint.run import lint
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.parse import parse
from shoal.spec.parsed import Document
from shoal.spec.raycluster import RayCluster

FOLDER = os.environ.get("SHOAL_KUBERAY_DIR")
pytestmark = pytest.mark.skipif(not FOLDER, reason="SHOAL_KUBERAY_DIR is not set to a folder with crds/ and samples/")
SAMPLES = sorted((Path(FOLDER) / "samples").glob("*.yaml")) if FOLDER else []
REVIEWED: dict[str, dict[str, int]] = yaml.safe_load((CASES / "samples.yaml").read_text())
GROUP_FIELDS = {"groupName", "replicas", "minReplicas", "maxReplicas", "suspend", "numOfHosts"}


def clusters_of(sample: Path) -> list[tuple[Document, RayCluster]]:
    documents = parse(sample.read_bytes(), sample.name).documents
    return [(document, document.spec) for document in documents if isinstance(document.spec, RayCluster)]


def is_honoured(path: tuple[str | int, ...]) -> bool:
    """What the local backend makes true, written down a second time and in another way than in the program."""
    match path:
        case ("apiVersion" | "kind",) | ("metadata", "name") | ("spec", "rayVersion" | "suspend"):
            return True
        case ("spec", "enableInTreeAutoscaling"):
            return False
        case ("spec", "headGroupSpec", *rest) | ("spec", "workerGroupSpecs", int(), *rest):
            return is_honoured_of_group(tuple(rest))
    return False


def is_honoured_of_group(path: tuple[str | int, ...]) -> bool:
    match path:
        case (str(field),):
            return field in GROUP_FIELDS
        case ("rayStartParams" | "resources" | "labels", *_):
            return True
        case ("template", "spec", "containers", 0, "env", int(), "name" | "value") | (*_, "containers", 0, "name"):
            return True
        case ("template", "spec", "containers", 0, "ports", int(), "name" | "containerPort" | "protocol"):
            return True
    return False


def test_every_sample_was_reviewed() -> None:
    assert {sample.name for sample in SAMPLES} == REVIEWED.keys()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_has_the_findings_that_were_reviewed(sample: Path) -> None:
    parsed = parse(sample.read_bytes(), sample.name)
    found = lint(parsed, HERE)
    assert Counter(finding.code for finding in found) == REVIEWED[sample.name]
    assert not [finding for finding in found if finding.severity is Severity.ERROR]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_field_of_a_sample_is_honoured_or_told(sample: Path) -> None:
    for document, _ in clusters_of(sample):
        told = {path for paths in places(document).values() for path in paths}
        silent = [path for path, _ in set_fields(document.node) if path not in told and not is_honoured(path)]
        assert silent == []


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_becomes_a_cluster_file_with_the_same_nodes(sample: Path) -> None:
    for _, cluster in clusters_of(sample):
        parsed = parse(to_clusterfile(cluster).text, "converted.yaml")
        assert not has_errors(parsed.findings + lint(parsed, HERE))
        (document,) = parsed.documents
        assert isinstance(document.spec, ClusterFile)
        if not cluster.spec.enable_in_tree_autoscaling:
            assert offers(document.spec) == offers(cluster)


def offers(spec: RayCluster | ClusterFile) -> Counter[tuple[str | None, ...]]:
    told = ("num-cpus", "num-gpus", "memory", "object-store-memory")
    return Counter((node.group, *(node.start_params.get(name) for name in told)) for node in desired(spec).nodes)
