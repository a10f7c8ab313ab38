"""YAML text -> nodes that know where they stand."""

import pytest

from shoal.findings import Mark
from shoal.spec.document import Node, read_documents


def read(text: str) -> Node:
    nodes, findings = read_documents(text, "f.yaml")
    assert findings == ()
    assert len(nodes) == 1
    return nodes[0]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a", "a"),
        ("1", 1),
        ("-1", -1),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0b11", 3),
        ("010", 8),
        ("0o10", 8),
        ("09", 9.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("12:30", "12:30"),
        ("2026-01-02", "2026-01-02"),
        ("1.2.3", "1.2.3"),
        ("yes", True),
        ("Off", False),
        ("y", True),
        ("~", None),
        ("null", None),
        ("", None),
        ("'1'", "1"),
        ('"yes"', "yes"),
        ("!!str 1", "1"),
        ("!!int '1'", 1),
        ("!!float 1", 1.0),
        ("! 1", "1"),
        ("1" * 100, "1" * 100),
    ],
)
def test_a_scalar_means_what_kubernetes_reads(written: str, value: object) -> None:
    found = read(f"key: {written}\n").get("key")
    assert found is not None
    assert found.value == value
    assert type(found.value) is type(value)


def test_a_node_knows_its_place_and_text() -> None:
    text = "a:\n  - b: 'é x'\n    c: 2\n"
    node = read(text).at(("a", 0, "b"))
    assert node is not None
    assert node.mark == Mark(2, 8)
    assert text[node.start : node.end] == node.raw == "'é x'"


def test_an_anchor_and_a_tag_are_not_part_of_the_value() -> None:
    text = "a: &one !!str 1\nb: &two\n  'x'\n"
    one, two = read(text).get("a"), read(text).get("b")
    assert one is not None
    assert two is not None
    assert (text[one.start : one.end], one.mark, one.annotated) == ("1", Mark(1, 4), True)
    assert (text[two.start : two.end], two.raw) == ("'x'", "'x'")


def test_a_path_that_leads_nowhere_is_none_and_the_nearest_node_is_found() -> None:
    root = read("a: [1, {b: 2}]\n")
    assert root.at(("a", 5)) is None
    assert root.at(("a", 1, "c")) is None
    assert root.at(("a", "b")) is None
    assert root.nearest(("a", 1, "c", "d")) is root.at(("a", 1))


def test_keys_are_strings_as_in_kubernetes() -> None:
    assert read("8080: a\non: b\n1.5: c\n~: d\n").plain() == {"8080": "a", "true": "b", "1.5": "c", "null": "d"}


def test_aliases_and_merge_keys_are_expanded() -> None:
    anchors = "base: &base {a: 1, b: 2}\nmore: &more {c: 3, a: 0}\n"
    text = anchors + "one: {<<: *base, b: 9}\nall: {<<: [*base, *more]}\nsame: *base\n"
    assert read(text).plain() == {
        "base": {"a": 1, "b": 2},
        "more": {"c": 3, "a": 0},
        "one": {"a": 1, "b": 9},
        "all": {"a": 1, "b": 2, "c": 3},
        "same": {"a": 1, "b": 2},
    }


def test_a_merged_value_points_at_where_it_is_written() -> None:
    node = read("base: &base\n  a: 1\none:\n  <<: *base\n").at(("one", "a"))
    assert node is not None
    assert node.mark == Mark(2, 6)


def test_documents_are_told_apart_and_empty_ones_skipped() -> None:
    nodes, findings = read_documents("---\na: 1\n---\n# none\n---\nb: 2\n", "f.yaml")
    assert findings == ()
    assert [node.plain() for node in nodes] == [{"a": 1}, {"b": 2}]


def test_an_anchor_does_not_reach_the_next_document() -> None:
    _, findings = read_documents("a: &x 1\n---\nb: *x\n", "f.yaml")
    assert [found.code for found in findings] == ["S008"]


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    nodes, findings = read_documents(b"\xef\xbb\xbfa: 1\r\nb: two\r\n", "f.yaml")
    assert findings == ()
    b = nodes[0].get("b")
    assert b is not None
    assert (b.value, b.mark) == ("two", Mark(2, 4))
