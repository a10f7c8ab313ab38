"""Every bad text says what is wrong, where, and what to do; the cases are tests/cases/spec/bad_input.yaml."""

import re
import time
from pathlib import Path

import msgspec
import pytest
import yaml

from shoal.findings import Finding, Severity
from shoal.spec.codes import PAGES
from shoal.spec.parse import parse

CASES_FILE = Path(__file__).parents[2] / "cases/spec/bad_input.yaml"
SOURCES = Path(__file__).parents[3] / "src/shoal/spec"


class Repeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    start: str
    unit: str
    times: int
    end: str


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    line: int
    column: int
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    findings: tuple[Expected, ...]
    text: str | None = None
    hex: str | None = None
    repeat: Repeat | None = None
    documents: int | None = None

    def content(self) -> str | bytes:
        if self.repeat is not None:
            return self.repeat.start + self.repeat.unit * self.repeat.times + self.repeat.end
        return bytes.fromhex(self.hex) if self.hex is not None else self.text or ""


CASES = msgspec.convert(yaml.safe_load(CASES_FILE.read_text()), tuple[Case, ...])


def place(finding: Finding) -> tuple[str, int, int]:
    assert finding.mark is not None, finding
    return finding.code, finding.mark.line, finding.mark.column


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_text_is_explained(case: Case) -> None:
    parsed = parse(case.content(), "the-file.yaml")
    assert [place(found) for found in parsed.findings] == [(it.code, it.line, it.column) for it in case.findings]
    for found, expected in zip(parsed.findings, case.findings, strict=True):
        assert expected.message in found.message
        assert expected.hint in found.hint
        assert found.severity is expected.severity
    if case.documents is not None:
        assert len(parsed.documents) == case.documents


@pytest.mark.parametrize("case", [case for case in CASES if case.repeat is None], ids=lambda case: case.name)
def test_yaml_without_its_c_parser_says_the_same(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    by_c = parse(case.content(), "the-file.yaml")
    monkeypatch.setattr("shoal.spec.compose._LOADER", yaml.SafeLoader)
    assert parse(case.content(), "the-file.yaml") == by_c


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_finding_is_short_and_has_a_next_step(case: Case) -> None:
    for found in parse(case.content(), "the-file.yaml").findings:
        assert "\n" not in found.message + found.hint
        assert len(found.message) <= 160
        assert not found.message.endswith(".")
        assert found.hint


def test_every_code_has_a_page_and_a_case() -> None:
    pages = {page.code for page in PAGES}
    sources = "".join(file.read_text() for file in SOURCES.rglob("*.py") if file.name != "codes.py")
    assert len(PAGES) == len(pages)
    assert set(re.findall(r'"(S\d{3})"', sources)) == pages
    assert {expected.code for case in CASES for expected in case.findings} == pages


def test_an_alias_bomb_is_refused_at_once() -> None:
    rows = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 40)]
    started = time.process_time()
    parsed = parse("\n".join(["a0: &a0 [x]", *rows]), "bomb.yaml")
    assert time.process_time() - started < 0.1
    assert [found.code for found in parsed.findings] == ["S007"]
