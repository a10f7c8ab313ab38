"""Findings as text, JSON, SARIF and GitHub commands."""

import json

import pytest

from shoal.findings import Edit, Finding, Fix, Mark, Severity
from shoal.lint.render import as_text, render
from shoal.spec.parsed import Parsed

TEXT = "kind: RayCluster\n\tspec: wrong\n"
FIX = Fix("mend", (Edit(0, 1, "k"),))
ERROR = Finding("S021", Severity.ERROR, "spec has to be 100% right", "write, it: so", ("spec",), Mark(2, 8), FIX)
NOTE = Finding("L127", Severity.NOTE, "the head takes tasks", "", ("kind",), Mark(1, 7))
NOWHERE = Finding("S003", Severity.WARNING, "x.yaml is empty")
RESULTS = [(Parsed("a,b #1.yaml", TEXT, (), ()), (ERROR, NOTE)), (Parsed("x.yaml", "", (), ()), (NOWHERE,))]


def test_text_shows_the_line_with_a_caret_below_the_place() -> None:
    assert as_text("a.yaml", TEXT, (ERROR,)).splitlines() == [
        "a.yaml:2:8: error[S021] spec has to be 100% right",
        "  | \tspec: wrong",
        "  | \t      ^",
        "  hint: write, it: so",
    ]


def test_text_is_in_the_order_of_the_lines_and_nothing_for_nothing() -> None:
    lines = render(RESULTS, "text").splitlines()
    assert [line for line in lines if not line.startswith("  ")] == [
        "a,b #1.yaml:1:7: note[L127] the head takes tasks",
        "a,b #1.yaml:2:8: error[S021] spec has to be 100% right",
        "x.yaml: warning[S003] x.yaml is empty",
    ]
    assert render([(Parsed("x.yaml", "", (), ()), ())], "text") == ""


def test_a_place_beyond_the_text_is_no_crash() -> None:
    late = Finding("S004", Severity.ERROR, "ends too early", mark=Mark(99, 1))
    assert as_text("a.yaml", TEXT, (late,)) == "a.yaml:99:1: error[S004] ends too early"


def test_json_has_one_object_a_finding() -> None:
    found = json.loads(render(RESULTS, "json"))
    assert [item["code"] for item in found] == ["L127", "S021", "S003"]
    assert found[1] == {
        "file": "a,b #1.yaml",
        "line": 2,
        "column": 8,
        "severity": "error",
        "code": "S021",
        "message": "spec has to be 100% right",
        "hint": "write, it: so",
        "path": "spec",
        "fixable": True,
    }
    assert found[2]["line"] is None
    assert json.loads(render([], "json")) == []


def test_sarif_names_every_rule_once_with_its_help() -> None:
    log = json.loads(render([*RESULTS, RESULTS[0]], "sarif"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["L127", "S003", "S021"]
    assert all(len(rule["help"]["text"]) > 50 for rule in rules)
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    result = run["results"][1]
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a,b%20%231.yaml"},
        "region": {"startLine": 2, "startColumn": 8},
    }


def test_github_commands_are_escaped() -> None:
    assert render(RESULTS, "github").splitlines() == [
        "::notice file=a%2Cb #1.yaml,title=L127,line=1,col=7::the head takes tasks",
        "::error file=a%2Cb #1.yaml,title=S021,line=2,col=8::spec has to be 100%25 right%0Awrite, it: so",
        "::warning file=x.yaml,title=S003::x.yaml is empty",
    ]


def test_an_unknown_output_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        render([], "xml")
