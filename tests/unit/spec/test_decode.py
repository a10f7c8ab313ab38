"""Nodes -> frozen types, with every finding at once."""

from typing import Any, Literal

import msgspec
import pytest

from shoal.findings import Finding, Fix
from shoal.spec.decode import decode
from shoal.spec.document import Node, read_documents
from shoal.spec.quantity import Quantity
from shoal.spec.wire import Count, IntOrString, Wire


class Inner(Wire, frozen=True):
    name: str
    size: Quantity | None = None


class Outer(Wire, frozen=True):
    the_name: str
    count: Count = 3
    ratio: float = 0.5
    on_off: bool = False
    port: IntOrString | None = None
    color: Literal["red", "blue"] = "red"
    labels: dict[str, str] = {}
    amounts: dict[str, Quantity] = {}
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    anything: dict[str, Any] = {}
    special_id: str = msgspec.field(default="", name="specialID")


def read(text: str) -> Node:
    return read_documents(text, "f.yaml")[0][0]


def findings_of(text: str) -> tuple[Finding, ...]:
    return decode(read(text), Outer)[1]


def apply(text: str, fix: Fix) -> str:
    for edit in sorted(fix.edits, key=lambda edit: -edit.start):
        text = text[: edit.start] + edit.replacement + text[edit.end :]
    return text


def test_every_type_of_field_is_read() -> None:
    text = """
theName: x
count: 7
ratio: 1
onOff: yes
port: http
color: blue
labels: {a: b}
amounts: {cpu: 500m, memory: 2Gi, gpu: 1}
inner: {name: i, size: 1Gi}
many: [{name: a}, {name: b}]
anything: {a: [1, {b: null}]}
specialID: z
"""
    value, findings = decode(read(text), Outer)
    assert findings == ()
    assert value == Outer(
        the_name="x",
        count=7,
        ratio=1.0,
        on_off=True,
        port="http",
        color="blue",
        labels={"a": "b"},
        amounts={"cpu": "500m", "memory": "2Gi", "gpu": 1},
        inner=Inner("i", "1Gi"),
        many=(Inner("a"), Inner("b")),
        anything={"a": [1, {"b": None}]},
        special_id="z",
    )


def test_null_is_absent() -> None:
    value, findings = decode(read("theName: x\ncount: null\ninner:\nlabels: ~\nmany:\n"), Outer)
    assert (value, findings) == (Outer("x"), ())


def test_null_in_place_of_a_required_value_is_missing() -> None:
    assert [(found.code, found.path) for found in findings_of("theName:\n")] == [("S023", ("theName",))]


def test_all_findings_come_at_once_and_the_rest_is_still_read() -> None:
    value, findings = decode(read("theName: x\ncount: -1\nonOff: 3\nlabels: {a: 1, b: c}\ncolour: red\n"), Outer)
    assert [found.code for found in findings] == ["S025", "S021", "S022", "S020"]
    assert value == Outer("x", labels={"b": "c"})


def test_a_path_is_that_of_the_document() -> None:
    _, findings = decode(read("{}"), Outer, ("spec", "groups", 2))
    assert findings[0].path == ("spec", "groups", 2, "theName")
    assert findings[0].message == "spec.groups[2] lacks the required key 'theName'"


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("theName: 6379 # port\n", 'theName: "6379" # port\n'),
        ("theName: on\n", 'theName: "on"\n'),
        ("{theName: x, labels: {a: 1.0}}\n", '{theName: x, labels: {a: "1.0"}}\n'),
        ("theName: x\ncount: '3'\n", "theName: x\ncount: 3\n"),
        ('theName: x\nonOff: "true"\n', "theName: x\nonOff: true\n"),
        ("thename: x\n", "theName: x\n"),
        ("the_name: x\n", "theName: x\n"),
    ],
)
def test_a_fix_mends_the_finding_and_nothing_else(text: str, fixed: str) -> None:
    (finding,) = findings_of(text)
    assert finding.fix is not None
    assert apply(text, finding.fix) == fixed
    assert findings_of(fixed) == ()


def test_a_value_that_aliases_share_is_not_fixed() -> None:
    assert [found.fix for found in findings_of("theName: x\nport: &port 80\nlabels: {a: *port}\n")] == [None]


@pytest.mark.parametrize("text", ["theName: x\ncount: '3x'\n", "theName: [a]\n", "theName: x\ncolr: blue\n"])
def test_no_fix_is_offered_where_the_meaning_is_not_clear(text: str) -> None:
    assert [found.fix for found in findings_of(text)] == [None]


@pytest.mark.parametrize("value", [".inf", ".nan", "99999999999999999999", "1.5", "true", "[]", "{}"])
def test_what_is_no_count_is_refused(value: str) -> None:
    (finding,) = findings_of(f"theName: x\ncount: {value}\n")
    assert finding.fatal


def test_null_items_of_lists_and_maps_are_named_or_dropped() -> None:
    value, findings = decode(read("theName: x\nmany: [~, {name: a}]\nlabels: {a: ~, b: c}\n"), Outer)
    assert [(found.code, found.path) for found in findings] == [("S021", ("many", 0))]
    assert value == Outer("x", many=(Inner("a"),), labels={"b": "c"})
