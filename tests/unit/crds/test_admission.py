"""Which objects the definitions let in."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoal.crds.definitions import definition
from shoal.crds.rules import RULES
from shoal.spec.kinds import RAY_KINDS
from shoal.spec.kubernetes.meta import ObjectMeta
from shoal.spec.parse import parse
from shoal.spec.shapes import Shape, fields_of
from unit.crds.api_model import INT_OR_STRING, admitted, complaints, nodes, schema_of
from unit.crds.objects import CASES, base, changed

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))
ACROSS_FIELDS = {"S042", "S043", "S044"}  # a matter of rules, not of the schema
MESSAGES = [rule.message for rules in RULES.values() for rule in rules]


@cache
def schema(kind: str, version: str = "v1") -> dict[str, Any]:
    return schema_of(definition(kind), version)


def refusals(value: dict[str, Any]) -> list[str]:
    """What the schema of the object's own kind and version says against it."""
    own = schema(value["kind"], value["apiVersion"].removeprefix("ray.io/"))
    return list(complaints(own, admitted(own, value)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_schema_refuses_what_the_case_says(case: dict[str, Any]) -> None:
    found = refusals(changed(case["kind"], case.get("set", {})))
    assert bool(found) == (case.get("refused_by") == "schema"), found


def test_every_rule_has_a_case_that_it_refuses() -> None:
    # Before the rule's words the API server names the field and its value.
    said = [case["message"].rpartition('": ')[2] for case in CASES if case.get("refused_by") == "rule"]
    assert [message for message in MESSAGES if not any(part in message for part in said)] == []
    assert [part for part in said if not any(part in message for message in MESSAGES)] == []


def test_what_is_unknown_is_stored_as_it_was_given() -> None:
    case = next(case for case in CASES if "we don't know is kept" in case["name"])
    given = changed(case["kind"], case["set"])
    stored = admitted(schema("RayCluster"), given)
    assert contains(stored, given)


def contains(whole: Any, part: Any) -> bool:
    """Whether everything of ``part`` is in ``whole``, at its place."""
    if isinstance(part, dict):
        return all(key in whole and contains(whole[key], value) for key, value in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(contains, whole, part))
    return bool(whole == part)


def test_defaults_are_written_that_the_autoscaler_of_ray_reads_by_key() -> None:
    group = admitted(schema("RayCluster"), base("RayCluster"))["spec"]["workerGroupSpecs"][0]
    assert (group["replicas"], group["minReplicas"], group["maxReplicas"], group["numOfHosts"]) == (1, 0, 2**31 - 1, 1)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_accepted(example: Path) -> None:
    for document in yaml.safe_load_all(example.read_text()):
        if document.get("kind") in RAY_KINDS:
            assert refusals(document) == []


def filled(node: dict[str, Any]) -> Any:
    """An object that has every known field once."""
    kind = node.get("type")
    if kind == "object" and "additionalProperties" in node:
        return {"key": filled(node["additionalProperties"])}
    if kind == "object":
        return {name: filled(inner) for name, inner in node.get("properties", {}).items()}
    if kind == "array":
        return [filled(node["items"])]
    plain: dict[str | None, Any] = {"string": "text", "integer": 1, "number": 0.5, "boolean": True, None: "1"}
    return node["enum"][-1] if "enum" in node else plain[kind]


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_an_object_with_every_field_is_accepted(kind: str) -> None:
    assert list(complaints(schema(kind), filled(schema(kind)))) == []


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_a_wrong_type_is_refused_at_every_field(kind: str) -> None:
    for path, node in nodes(schema(kind)):
        wrong: Any = [] if node.get(INT_OR_STRING) or node.get("type") in ("object", "boolean") else {}
        assert list(complaints(node, wrong)), path


def values(shape: Shape, depth: int) -> st.SearchStrategy[Any]:
    """Values that the parser may read as the shape."""
    if shape.kind == "struct":
        return structs(shape.of, depth)
    if shape.kind == "tuple":
        return st.lists(values(shape.of, depth - 1), min_size=1, max_size=1)
    if shape.kind == "dict":
        return st.dictionaries(st.sampled_from(["a", "cpu", "memory"]), values(shape.of, depth - 1), max_size=2)
    if shape.kind == "literal":
        return st.sampled_from(shape.of)
    if shape.kind in ("quantity", "int_or_str"):
        return st.sampled_from(["500m", "1.5Gi", "2", 3, "1e3", "+.5", "1E"])
    if shape.kind == "int":
        return st.integers(int(shape.lowest or 0), int(shape.highest or 9))
    plain: dict[str, st.SearchStrategy[Any]] = {
        "str": st.sampled_from(["a", "b-1", "10.0.0.1"]),
        "float": st.sampled_from([0, 1.5]),
        "bool": st.booleans(),
        "any": st.none() | st.integers(),
    }
    return plain[shape.kind]


def structs(struct: type[msgspec.Struct], depth: int) -> st.SearchStrategy[Any]:
    """Mappings that the parser may read as the Struct."""
    if struct is ObjectMeta:
        return st.just({"name": "a", "labels": {"a": "b"}})
    fields = fields_of(struct)
    kept = {name: field.shape for name, field in fields.items() if field.required or name == "spec"}
    always = {name: values(shape, depth - 1) for name, shape in kept.items()}
    if depth <= 0:
        return st.fixed_dictionaries(always)
    chosen = st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True)
    return chosen.flatmap(
        lambda names: st.fixed_dictionaries(
            always | {name: values(fields[name].shape, depth - 1) for name in names if name not in always}
        )
    )


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_what_the_parser_accepts_the_schema_accepts(kind: str) -> None:
    accepted = 0

    @settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
    @given(structs(RAY_KINDS[kind], depth=9))
    def check(value: dict[str, Any]) -> None:
        nonlocal accepted
        whole = value | {"apiVersion": "ray.io/v1", "kind": kind}
        errors = {finding.code for finding in parse(json.dumps(whole), "f.yaml").findings if finding.fatal}
        if errors <= ACROSS_FIELDS:
            accepted += 1
            assert refusals(whole) == []
            assert contains(admitted(schema(kind), whole), without_nulls(whole))

    check()
    assert accepted > 10


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value
