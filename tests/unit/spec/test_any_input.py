"""Whatever the text, parse returns: no exception, and findings that can be shown."""

import copy
import json
import re
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.spec.codes import PAGES
from shoal.spec.from_json import from_json
from shoal.spec.parse import parse
from shoal.spec.parsed import Parsed

POD = {"spec": {"containers": [{"name": "ray", "image": "ray", "resources": {"limits": {"cpu": "1"}}}]}}
CLUSTER = {
    "apiVersion": "ray.io/v1",
    "kind": "RayCluster",
    "metadata": {"name": "a", "labels": {"b": "c"}},
    "spec": {
        "headGroupSpec": {"rayStartParams": {"port": "6379"}, "template": POD},
        "workerGroupSpecs": [{"groupName": "w", "replicas": 1, "template": POD}],
    },
}
JOB = {**CLUSTER, "kind": "RayJob", "spec": {"entrypoint": "x", "rayClusterSpec": CLUSTER["spec"]}}
FILE = {
    "cluster_name": "a",
    "provider": {"type": "aws", "region": "us-west-2"},
    "auth": {"ssh_user": "ubuntu"},
    "available_node_types": {"head": {"node_config": {}, "resources": {"CPU": 1}}},
    "head_node_type": "head",
}
KEYS = st.sampled_from(["spec", "metadata", "name", "template", "containers", "kind", "provider", "type", "replicas"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["1", "1Gi"])
DATA: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | SCALARS, inner, max_size=4),
    max_leaves=20,
)
CODES = {page.code for page in PAGES}


def check(parsed: Parsed) -> None:
    lines = len(re.split("\r\n|[\n\r\x85\u2028\u2029]", parsed.text))
    for found in parsed.findings:
        assert found.code in CODES
        assert found.mark is not None
        assert found.mark.line >= 1
        assert found.mark.line <= lines + 1 or not parsed.text  # "" when it can't be read as text at all
        assert found.mark.column >= 1
        for edit in found.fix.edits if found.fix else ():
            assert 0 <= edit.start <= edit.end <= len(parsed.text)


def replaced(tree: Any, steps: list[int], value: Any) -> Any:
    """A copy of ``tree`` with the value that ``steps`` lead to replaced."""
    tree = copy.deepcopy(tree)
    node = tree
    for index, step in enumerate(steps):
        key = list(node)[step % len(node)] if isinstance(node, dict) else step % len(node)
        if index == len(steps) - 1 or not isinstance(node[key], dict | list) or not node[key]:
            node[key] = value
            break
        node = node[key]
    return tree


@given(DATA)
def test_any_data_is_answered(data: Any) -> None:
    check(parse(yaml.safe_dump(data, sort_keys=False), "f.yaml"))


@settings(max_examples=200)
@given(st.sampled_from([CLUSTER, JOB, FILE]), st.lists(st.integers(0, 9), min_size=1, max_size=9), DATA)
def test_a_spec_with_any_part_replaced_is_answered(tree: Any, steps: list[int], value: Any) -> None:
    check(parse(yaml.safe_dump(replaced(tree, steps, value), sort_keys=False), "f.yaml"))


TEXTS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text("ab:-{}#0", max_size=4)
JSON: st.SearchStrategy[Any] = st.recursive(
    TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200)
@given(st.sampled_from([CLUSTER, JOB]), st.lists(st.integers(0, 9), min_size=1, max_size=9), JSON)
def test_json_is_read_as_the_same_text_is(tree: Any, steps: list[int], value: Any) -> None:
    data = replaced(tree, steps, value)
    parsed = parse(json.dumps(data), "f.yaml")
    spec, findings = from_json(data)
    assert {(found.code, found.message) for found in findings} == {
        (found.code, found.message) for found in parsed.findings
    }
    assert [spec] == [document.spec for document in parsed.documents] or spec is None


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(data: bytes) -> None:
    check(parse(data, "f.yaml"))


@settings(max_examples=300)
@given(st.text(st.sampled_from("ab:-[]{},&*!|>'\"%@#\t\n ?<0~é\u2028\x85\ud800"), max_size=60))
def test_any_text_is_answered(text: str) -> None:
    check(parse(text, "f.yaml"))


def test_the_trees_are_right_before_anything_is_replaced() -> None:
    for tree in (CLUSTER, JOB, FILE):
        parsed = parse(yaml.safe_dump(tree), "f.yaml")
        assert parsed.findings == ()
        assert len(parsed.documents) == 1
