"""What preflight makes of what it finds: tests/cases/install/preflight.yaml."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from shoal.install.check import Check, Level
from shoal.install.check_definitions import numbers
from shoal.install.facts import Definition, Facts, Meta
from shoal.install.manifests import definitions
from shoal.install.options import Options
from shoal.install.preflight import checks, failed

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[2] / "cases/install/preflight.yaml").read_text())
MARKS = "`,:;()"
NOW = "2026-01-01T00:00:00+00:00"


def said(check: Check) -> str:
    """All words of a check in one line."""
    return f"{check.level} {check.check} {check.says} {check.next_step}"


def is_said(expected: str, found: tuple[Check, ...]) -> bool:
    """Whether a check has this level and name, and every word in this order."""
    level, name, *words = expected.split()
    return any(
        (check.level, check.check) == (level, name) and in_order(words, f"{check.says} {check.next_step}".split())
        for check in found
    )


def in_order(words: list[str], text: list[str]) -> bool:
    """Whether ``words`` stand in ``text``, others between them or not; quotes and commas of the text don't count."""
    left = iter(word.strip(MARKS) for word in text)
    return all(word.strip(MARKS) in left for word in words)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_preflight_says_what_it_finds_and_what_to_do(case: dict[str, Any]) -> None:
    facts = msgspec.convert({"now": NOW, **case["facts"]}, Facts)
    if case.get("current"):
        ours = (Definition(msgspec.convert(one["metadata"], Meta)) for one in definitions())
        facts = msgspec.structs.replace(facts, definitions=tuple(ours))
    found = checks(facts, msgspec.convert(case.get("options", {}), Options))
    missing = [expected for expected in case["says"] if not is_said(expected, found)]
    assert missing == [], "\n".join(said(check) for check in found)
    expected_failures = [expected for expected in case["says"] if expected.startswith("fail")]
    assert len(failed(found)) == len(expected_failures), "\n".join(said(check) for check in found)


def test_whatever_is_not_right_has_a_next_step() -> None:
    judged = [
        check
        for case in CASES
        for check in checks(msgspec.convert({"now": NOW, **case["facts"]}, Facts), Options())
        if check.level is not Level.OK
    ]
    assert judged
    assert [said(check) for check in judged if not check.next_step] == []


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("v1.34.4", (1, 34, 4)),
        ("v1.30.2-eks-1552ad0", (1, 30, 2)),
        ("1.29+", (1, 29)),
        ("0.10.0rc1", (0, 10, 0)),
        ("", ()),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, expected: tuple[int, ...]) -> None:
    assert numbers(version) == expected
