"""What a real API server says to our definitions, and to objects by them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube import Cluster
from shoal.cli.documents import documents
from shoal.crds.definitions import definition
from shoal.spec.kinds import RAY_KINDS
from unit.crds.api_model import MOST_APPLIED, nodes, schema_of
from unit.crds.objects import CASES, base, changed

pytestmark = pytest.mark.kube


def all_in(file: Path) -> list[dict[str, Any]]:
    """The manifests of a file."""
    return [each for each in yaml.safe_load_all(file.read_text()) if each]


def ours_in(file: Path) -> list[dict[str, Any]]:
    """Those among them that are of Ray's kinds."""
    return [each for each in all_in(file) if each.get("kind") in RAY_KINDS]


COLUMNS = yaml.safe_load((Path(__file__).parents[1] / "cases/crds/columns.yaml").read_text())
EXAMPLES = [each for each in sorted((Path(__file__).parents[2] / "examples").glob("*.yaml")) if ours_in(each)]
SAMPLES_FOLDER = os.environ.get("SHOAL_KUBERAY_DIR")
SAMPLES = sorted((Path(SAMPLES_FOLDER) / "samples").glob("*.yaml")) if SAMPLES_FOLDER else []
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
CREATED, OK, INVALID = 201, 200, 422


@pytest.fixture(scope="module")
def crds(kube: Cluster) -> Cluster:
    """The API server with our definitions, brought by plain `kubectl apply`, as people do."""
    kube.kubectl("apply", "-f", "-", stdin=printed_crds())
    kube.wait_until_defined()
    return kube


@pytest.fixture(scope="module")
def space(crds: Cluster) -> Iterator[str]:
    """A namespace for all tests here: most objects are not stored at all."""
    with crds.new_namespace() as name:
        yield name


def printed_crds() -> str:
    """What people pipe into kubectl."""
    command = [sys.executable, "-m", "shoal", "operator", "crds"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def path_of(space: str, value: dict[str, Any]) -> str:
    """Where objects of that kind and version are."""
    return f"/apis/{value['apiVersion']}/namespaces/{space}/{value['kind'].lower()}s"


def verdict(cluster: Cluster, space: str, case: dict[str, Any]) -> tuple[int, Any]:
    """What the API server answers to a case, without storing it; what the object was before is stored."""
    value, path = changed(case["kind"], case.get("set", {})), ""
    path = path_of(space, value)
    if "was" not in case:
        return cluster.ask("POST", f"{path}?dryRun=All", value)
    status, before = cluster.ask("POST", path, changed(case["kind"], case["was"]))
    assert status == CREATED, before
    value["metadata"] = before["metadata"]
    answer = cluster.ask("PUT", f"{path}/{before['metadata']['name']}?dryRun=All", value)
    cluster.ask("DELETE", f"{path}/{before['metadata']['name']}")
    return answer


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_api_server_says_what_the_case_says(crds: Cluster, space: str, case: dict[str, Any]) -> None:
    status, answer = verdict(crds, space, case)
    assert status == (INVALID if "refused_by" in case else (OK if "was" in case else CREATED)), answer
    assert case.get("message", "") in answer.get("message", ""), answer


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_the_api_server_finds_nothing_wrong_with_a_definition(crds: Cluster, kind: str) -> None:
    _, found = crds.ask("GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{kind.lower()}s.ray.io")
    conditions = {each["type"]: each["status"] for each in found["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}  # and no NonStructuralSchema
    assert found["status"]["storedVersions"] == ["v1"]


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_a_definition_stays_below_the_limit_of_plain_apply(crds: Cluster, kind: str) -> None:
    _, found = crds.ask("GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{kind.lower()}s.ray.io")
    assert 0 < len(found["metadata"]["annotations"][LAST_APPLIED].encode()) < MOST_APPLIED


def test_server_side_apply_takes_them_over(crds: Cluster) -> None:
    crds.kubectl("apply", "--server-side", "-f", "-", stdin=printed_crds())


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_kubectl_explains_every_field_of_the_kind(crds: Cluster, kind: str) -> None:
    printed = crds.kubectl("explain", kind.lower(), "--recursive")
    names = {path.rpartition(".")[2].rstrip("[]{}") for path, _ in nodes(schema_of(definition(kind))) if path}
    assert {name for name in names if not re.search(rf"^\s+{re.escape(name)}\t", printed, re.MULTILINE)} == set()


def test_kubectl_explains_a_field_in_words(crds: Cluster) -> None:
    head = schema_of(definition("RayCluster"))["properties"]["spec"]["properties"]["headGroupSpec"]
    printed = crds.kubectl("explain", "raycluster.spec.headGroupSpec")
    assert " ".join(head["description"].split()) in " ".join(printed.split())


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_kubectl_get_shows_the_columns(crds: Cluster, namespace: str, kind: str) -> None:
    value = base(kind)
    assert crds.ask("POST", path_of(namespace, value), value)[0] == CREATED
    names = [column.partition(" .")[0].upper() for column in COLUMNS[kind] if not column.endswith(" wide")]
    wide = [column.partition(" .")[0].upper() for column in COLUMNS[kind]]
    for expected, options in ((names, ()), (wide, ("-o", "wide"))):
        printed = crds.kubectl("get", f"{kind.lower()}s", "-n", namespace, *options)
        assert re.split(r"\s{2,}", printed.splitlines()[0].strip()) == ["NAME", *expected]


@pytest.mark.parametrize("kind", ["RayCluster", "RayJob", "RayService"])
def test_an_object_of_v1alpha1_is_stored_as_v1_and_served_as_both(crds: Cluster, namespace: str, kind: str) -> None:
    older = base(kind) | {"apiVersion": "ray.io/v1alpha1"}
    older["spec"]["unknown"] = {"a": [1]}
    path = path_of(namespace, older)
    status, created = crds.ask("POST", path, older)
    assert (status, created["apiVersion"]) == (CREATED, "ray.io/v1alpha1")
    status, read = crds.ask("GET", f"{path.replace('v1alpha1', 'v1')}/a")
    assert (status, read["apiVersion"]) == (OK, "ray.io/v1")
    assert read["spec"]["unknown"] == {"a": [1]}
    assert crds.ask("GET", f"{path}/a")[1]["spec"] == read["spec"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_admitted(crds: Cluster, space: str, example: Path) -> None:
    crds.kubectl("create", "--dry-run=server", "-n", space, "-f", "-", stdin=documents(ours_in(example), "yaml"))


@pytest.mark.skipif(not SAMPLES, reason="SHOAL_KUBERAY_DIR is not set to a folder with crds/ and samples/")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_sample_is_admitted(crds: Cluster, space: str, sample: Path) -> None:
    _, groups = crds.ask("GET", "/apis")
    served = {version["groupVersion"] for group in groups["groups"] for version in group["versions"]} | {"v1"}
    known = [each for each in all_in(sample) if each["apiVersion"] in served]
    assert ours_in(sample)
    for each in known:
        each["metadata"].pop("namespace", None)
        crds.kubectl("create", "--dry-run=server", "-n", space, "-f", "-", stdin=documents([each], "yaml"))
