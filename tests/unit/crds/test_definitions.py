"""The definitions keep Kubernetes' rules, are small, and say what every field is for."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from shoal.crds.definitions import COLUMNS, definition, definitions
from shoal.crds.markers import ATOMIC_FIELDS, DEFAULTS, LIST_KEYS, OPEN
from shoal.crds.rules import FEWEST, LONGEST, MOST, RULES
from shoal.crds.words import POD_WORDS, WORDS
from shoal.spec.kinds import RAY_KINDS
from shoal.spec.parse import parse
from shoal.spec.shapes import fields_of
from unit.crds.api_model import MOST_APPLIED, nodes, schema_of
from unit.crds.structural import violations

GOLDEN = yaml.safe_load((Path(__file__).parents[2] / "cases/crds/columns.yaml").read_text())
VERSIONED = [(kind, version["name"]) for kind in RAY_KINDS for version in definition(kind)["spec"]["versions"]]
TEMPLATES = (".template.", ".submitterPodTemplate.")


@pytest.mark.parametrize(("kind", "version"), VERSIONED)
def test_a_schema_is_structural(kind: str, version: str) -> None:
    assert list(violations(schema_of(definition(kind), version))) == []


def broken(**changes: Any) -> dict[str, Any]:
    """A cluster's schema with changes to the worker groups."""
    schema = copy.deepcopy(schema_of(definition("RayCluster")))
    groups = schema["properties"]["spec"]["properties"]["workerGroupSpecs"]
    groups.update(changes)
    return schema


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"nullable": True, "anyOf": []}, ["forbidden keyword anyOf", "forbidden keyword nullable"]),
        ({"items": {}}, ["no type"]),
        ({"x-kubernetes-list-type": "map"}, ["keys without a list of type map, or the reverse"]),
        (
            {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["replicas", "idleTimeoutSeconds", "x"]},
            ["the key idleTimeoutSeconds may be absent", "the key x is no scalar of the items"],
        ),
        ({"x-kubernetes-preserve-unknown-fields": True}, ["x-kubernetes-preserve-unknown-fields on a array"]),
        ({"x-kubernetes-validations": [{"rule": "has(self.x)", "message": "y"}]}, ["a rule speaks of the unknown x"]),
        ({"default": "text"}, ["a default of another type"]),
    ],
)
def test_a_breach_of_the_structure_is_noticed(changes: dict[str, Any], expected: list[str]) -> None:
    found = [text.partition(": ")[2] for text in violations(broken(**changes))]
    assert found == expected


def test_a_rule_that_walks_without_end_is_noticed() -> None:
    schema = broken()
    del schema["properties"]["spec"]["properties"]["workerGroupSpecs"]["maxItems"]
    assert any("without end" in text for text in violations(schema))


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_a_definition_is_small_enough_for_a_plain_apply(kind: str) -> None:
    stored = json.dumps(definition(kind), separators=(",", ":"), ensure_ascii=False).encode()
    assert len(stored) < MOST_APPLIED


@pytest.mark.parametrize(("kind", "version"), VERSIONED)
def test_every_field_outside_a_pod_template_is_described(kind: str, version: str) -> None:
    described = {path: node.get("description", "") for path, node in nodes(schema_of(definition(kind), version))}
    silent = [
        path
        for path, words in described.items()
        if not words
        and not path.endswith(("[]", "{}"))
        and path != ".metadata"  # Kubernetes' own
        and not any(part in path for part in TEMPLATES)
    ]
    assert silent == []
    assert all(words.endswith((".", "...")) or not words for words in described.values())


def test_nothing_is_said_of_a_field_that_does_not_exist() -> None:
    places = [
        *((struct, name) for said in (WORDS, POD_WORDS) for struct, fields in said.items() for name in fields),
        *((struct, name) for struct, names in OPEN.items() for name in names),
        *(place for table in (LIST_KEYS, DEFAULTS, MOST, LONGEST, FEWEST, RULES, ATOMIC_FIELDS) for place in table),
    ]
    assert [place for place in places if place[1] and place[1] not in fields_of(place[0])] == []


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_the_columns_are_those_that_people_know(kind: str) -> None:
    for version in definition(kind)["spec"]["versions"]:
        assert [
            " ".join([column["name"], column["jsonPath"], column["type"], *(["wide"] if "priority" in column else [])])
            for column in version["additionalPrinterColumns"]
        ] == GOLDEN[kind]


def test_a_column_shows_a_field_that_exists() -> None:
    for kind, columns in COLUMNS.items():
        known = {path for path, _ in nodes(schema_of(definition(kind)))} | {".metadata.creationTimestamp"}
        assert [column.path for column in columns if column.path not in known] == []


def test_v1_is_stored_and_older_versions_are_served_and_deprecated() -> None:
    for each in definitions():
        first, *older = each["spec"]["versions"]
        assert (first["name"], first["storage"], first["served"], "deprecated" in first) == ("v1", True, True, False)
        assert [(v["name"], v["storage"], v["served"], v["deprecated"]) for v in older] == [
            ("v1alpha1", False, True, True)
        ] * (each["spec"]["names"]["kind"] != "RayCronJob")


@pytest.mark.parametrize(("kind", "version"), VERSIONED)
def test_the_parser_reads_every_version_that_is_served(kind: str, version: str) -> None:
    parsed = parse(f"apiVersion: ray.io/{version}\nkind: {kind}\n", "f.yaml")
    assert "S032" not in {finding.code for finding in parsed.findings}


def test_the_versions_keep_the_same_fields_so_that_nothing_is_lost_between_them() -> None:
    for kind in ("RayCluster", "RayJob", "RayService"):
        new, old = (dict(nodes(schema_of(definition(kind), version))) for version in ("v1", "v1alpha1"))
        assert new.keys() == old.keys()
        differing = {key for path in new for key in new[path].keys() ^ old[path].keys()}
        assert differing <= {"description", "required"}
