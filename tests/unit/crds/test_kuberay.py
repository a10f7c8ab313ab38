"""Our definitions beside KubeRay's: the same names, columns and fields, and what we refuse that KubeRay's don't."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from shoal.crds.definitions import definition
from shoal.spec.kinds import RAY_KINDS
from unit.crds.api_model import INT_OR_STRING, PRESERVE, admitted, complaints, nodes, schema_of

FOLDER = os.environ.get("SHOAL_KUBERAY_DIR")
pytestmark = pytest.mark.skipif(not FOLDER, reason="SHOAL_KUBERAY_DIR is not set to a folder with crds/ and samples/")
VERSIONED = [(kind, version["name"]) for kind in RAY_KINDS for version in definition(kind)["spec"]["versions"]]
SAMPLES = sorted((Path(FOLDER) / "samples").glob("*.yaml")) if FOLDER else []
IN_POD = (".template.", ".submitterPodTemplate.")

STRICTER = {
    **{key: {"minimum"} for key in ("maxReplicas", "minReplicas", "numOfHosts", "replicas")},
    **{key: {"minimum"} for key in ("backoffLimit", "idleTimeoutSeconds", "ttlSecondsAfterFinished")},
    **{key: {"minimum"} for key in ("intervalSeconds", "maxSurgePercent", "stepSizePercent")},
    **{key: {"enum"} for key in ("imagePullPolicy", "serviceType")},
    "groupName": {"maxLength", "minLength"},
    "schedule": {"minLength"},
    "workerGroupSpecs": {"maxItems", "x-kubernetes-validations"},
    "template": {"x-kubernetes-validations"},
    **{key: {"x-kubernetes-validations"} for key in ("spec", "jobTemplate")},  # of a RayJob
}
"""What only our definitions refuse; docs/decisions/0005-crds-from-types.md says why."""


@cache
def theirs(kind: str) -> dict[str, Any]:
    text = (Path(FOLDER or "") / f"crds/ray.io_{kind.lower()}s.yaml").read_text()
    read: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return read


def both(kind: str, version: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Every node by its path: ours, theirs."""
    ours_, theirs_ = (dict(nodes(schema_of(each, version))) for each in (definition(kind), theirs(kind)))
    return ours_, theirs_


def opened(path: str, ours: dict[str, Any]) -> bool:
    """Whether the nearest node of ours above a path keeps what it doesn't know."""
    while path not in ours:
        path = path[: max(path.rfind("."), path.rfind("["), path.rfind("{"))]
    return bool(ours[path].get(PRESERVE))


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_the_names_are_the_same(kind: str) -> None:
    mine, other = definition(kind), theirs(kind)
    assert mine["metadata"]["name"] == other["metadata"]["name"]
    for key in ("group", "names", "scope"):
        assert mine["spec"][key] == other["spec"][key]
    flags = ("name", "served", "storage", "deprecated", "subresources")
    assert [[version.get(flag) for flag in flags] for version in mine["spec"]["versions"]] == [
        [version.get(flag) for flag in flags] for version in other["spec"]["versions"]
    ]
    key = "additionalPrinterColumns"
    assert mine["spec"]["versions"][0][key] == other["spec"]["versions"][0][key]


@pytest.mark.parametrize(("kind", "version"), VERSIONED)
def test_every_field_is_there_with_its_type_or_kept_as_it_is(kind: str, version: str) -> None:
    ours, others = both(kind, version)
    assert [path for path in others if path not in ours and not opened(path, ours)] == []
    differing = [
        path
        for path in others.keys() & ours.keys()
        if (ours[path].get("type"), ours[path].get(INT_OR_STRING))
        != (others[path].get("type"), others[path].get(INT_OR_STRING))
    ]
    assert differing == []


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_lists_and_maps_merge_in_the_same_way(kind: str) -> None:
    ours, others = both(kind, "v1")
    for path in others.keys() & ours.keys():
        for key in ("x-kubernetes-list-map-keys", "x-kubernetes-map-type"):
            assert ours[path].get(key) == others[path].get(key), (path, key)


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_the_same_defaults_are_written_outside_pod_templates(kind: str) -> None:
    ours, others = both(kind, "v1")
    outside = [path for path in others.keys() & ours.keys() if not any(part in path for part in IN_POD)]
    assert {path: default for path in outside if (default := said(others[path])) is not None} == {
        path: default for path in outside if (default := said(ours[path])) is not None
    }


def said(node: dict[str, Any]) -> Any:
    """A node's default, where it says more than that there is no value."""
    default = node.get("default")
    return None if default is False or default == "" else default


def stricter(mine: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    """The keywords by which a node of ours refuses what theirs doesn't."""
    for key in ("minLength", "minItems", "minimum"):
        if mine.get(key, float("-inf")) > other.get(key, float("-inf")):
            yield key
    for key in ("maxLength", "maxItems", "maximum"):
        if mine.get(key, float("inf")) < other.get(key, float("inf")):
            yield key
    if "enum" in mine and not set(other.get("enum", ("?",))) <= set(mine["enum"]):
        yield "enum"
    if len(mine.get("x-kubernetes-validations", ())) > len(other.get("x-kubernetes-validations", ())):
        yield "x-kubernetes-validations"
    if not set(mine.get("required", ())) <= set(other.get("required", ())):
        yield "required"
    if "pattern" in mine and "pattern" not in other:
        yield "pattern"


def test_what_only_ours_refuse_is_what_the_decision_lists() -> None:
    found: dict[str, set[str]] = {}
    for kind in RAY_KINDS:
        ours, others = both(kind, "v1")
        for path in ours.keys() & others.keys():
            for keyword in stricter(ours[path], others[path]):
                found.setdefault(path.rpartition(".")[2].removesuffix("[]"), set()).add(keyword)
    assert found == STRICTER


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_is_accepted_and_kept_whole(sample: Path) -> None:
    for document in yaml.load_all(sample.read_text(), Loader=yaml.CSafeLoader):
        if document and document.get("kind") in RAY_KINDS:
            schema = schema_of(definition(document["kind"]), document["apiVersion"].partition("/")[2])
            assert list(complaints(schema, admitted(schema, document))) == []
