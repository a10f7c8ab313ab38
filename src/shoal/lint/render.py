"""Findings as text for people, and as JSON, SARIF and GitHub's commands for machines. All return text."""

import json
from typing import Any

from shoal.findings import Finding, Page, Severity
from shoal.spec.complaints import place

SARIF_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
GITHUB_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_LONGEST_LINE = 160


def as_text(findings: tuple[Finding, ...], source: str, text: str) -> str:
    """One block a finding: place, severity, code and message; the line with a caret below; the hint."""
    lines = text.splitlines()
    blocks = [_block(finding, source, lines) for finding in findings]
    return "\n".join([*blocks, summary(findings)]) + "\n"


def _block(finding: Finding, source: str, lines: list[str]) -> str:
    mark = finding.mark
    where = f"{source}:{mark.line}:{mark.column}" if mark is not None else source
    parts = [f"{where}: {finding.severity}[{finding.code}] {finding.message}"]
    if mark is not None and mark.line <= len(lines) and len(lines[mark.line - 1]) <= _LONGEST_LINE:
        line = lines[mark.line - 1]
        indent = "".join("\t" if letter == "\t" else " " for letter in line[: mark.column - 1])
        parts += [f"  | {line}", f"  | {indent}^"] if line.strip() else []
    if finding.hint:
        parts.append(f"  hint: {finding.hint}")
    return "\n".join(parts)


def summary(findings: tuple[Finding, ...]) -> str:
    """How many there are of each severity, and how many can be mended by themselves."""
    if not findings:
        return "no findings"
    counts = [(severity, sum(finding.severity is severity for finding in findings)) for severity in Severity]
    told = ", ".join(f"{count} {severity}{'s' if count > 1 else ''}" for severity, count in counts if count)
    fixable = sum(finding.fix is not None for finding in findings)
    return f"{told}; {fixable} can be mended with --fix" if fixable else told


def as_json(findings: tuple[Finding, ...], source: str) -> str:
    """A list of objects: file, line, column, severity, code, message, hint, path, fixable."""
    return json.dumps([_plain(finding, source) for finding in findings], indent=2, ensure_ascii=False) + "\n"


def _plain(finding: Finding, source: str) -> dict[str, Any]:
    return {
        "file": source,
        "line": finding.mark.line if finding.mark is not None else None,
        "column": finding.mark.column if finding.mark is not None else None,
        "severity": str(finding.severity),
        "code": finding.code,
        "message": finding.message,
        "hint": finding.hint,
        "path": place(finding.path) if finding.path else "",
        "fixable": finding.fix is not None,
    }


def as_sarif(findings: tuple[Finding, ...], source: str, pages: tuple[Page, ...], version: str) -> str:
    """SARIF 2.1.0, as code scanning services read it. pages: of the codes; version: of Shoal."""
    codes = sorted({finding.code for finding in findings})
    known = {page.code: page for page in pages}
    driver = {
        "name": "shoal",
        "version": version,
        "rules": [_sarif_rule(code, known.get(code)) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(finding, source, codes) for finding in findings],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _sarif_rule(code: str, page: Page | None) -> dict[str, Any]:
    title, body = (page.title, page.body) if page is not None else (code, "")
    text = f"{title}\n\n{body}".strip()
    return {"id": code, "shortDescription": {"text": title}, "help": {"text": text, "markdown": text}}


def _sarif_result(finding: Finding, source: str, codes: list[str]) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": source.replace("\\", "/")}}
    if finding.mark is not None:
        location["region"] = {"startLine": finding.mark.line, "startColumn": finding.mark.column}
    hint = f" ({finding.hint})" if finding.hint else ""
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": SARIF_LEVELS[finding.severity],
        "message": {"text": finding.message + hint},
        "locations": [{"physicalLocation": location}],
    }


def as_github(findings: tuple[Finding, ...], source: str) -> str:
    """Workflow commands, which GitHub shows beside the lines of a pull request."""
    return "".join(_github_command(finding, source) for finding in findings)


def _github_command(finding: Finding, source: str) -> str:
    properties = {"file": source, "title": finding.code}
    if finding.mark is not None:
        properties |= {"line": str(finding.mark.line), "col": str(finding.mark.column)}
    told = ",".join(f"{name}={_escaped_property(value)}" for name, value in properties.items())
    hint = f"\n{finding.hint}" if finding.hint else ""
    return f"::{GITHUB_LEVELS[finding.severity]} {told}::{_escaped(finding.message + hint)}\n"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
