"""Findings as text for people, and as JSON, SARIF and GitHub's commands for machines. All return text."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Literal, TypeAlias

from shoal.findings import Finding, Mark, Page, Severity
from shoal.spec.complaints import place
from shoal.spec.parsed import Parsed

Output: TypeAlias = Literal["text", "json", "sarif", "github"]
Results: TypeAlias = Sequence[tuple[Parsed, tuple[Finding, ...]]]
"""What was found in each file."""
SARIF_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
GITHUB_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_LONGEST_LINE = 160
_NOT_IN_URI = re.compile(r"[^A-Za-z0-9/._~!$&'()*+,;=@-]")


def render(results: Results, output: str) -> str:
    """The findings of every file, in the order of its lines; "" for none as text or GitHub commands.

    output: "text", "json" (a list of objects), "sarif" (2.1.0) or "github" (workflow commands).
    Raises KeyError for another output.
    """
    ordered = [(parsed, tuple(sorted(findings, key=_order))) for parsed, findings in results]
    return {"text": _text, "json": _json, "sarif": _sarif, "github": _github}[output](ordered)


def as_text(source: str, text: str, findings: tuple[Finding, ...]) -> str:
    """One block a finding: place, severity, code and message; the line with a caret below; the hint."""
    lines = text.splitlines()
    return "\n".join(_block(finding, source, lines) for finding in findings)


def _order(finding: Finding) -> tuple[Mark, str]:
    return finding.mark or Mark(0, 0), finding.code


def _text(results: Results) -> str:
    return "\n".join(as_text(parsed.source, parsed.text, findings) for parsed, findings in results if findings)


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


def _json(results: Results) -> str:
    found = [_plain(finding, parsed.source) for parsed, findings in results for finding in findings]
    return json.dumps(found, indent=2, ensure_ascii=False)


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


def _sarif(results: Results) -> str:
    codes = sorted({finding.code for _, findings in results for finding in findings})
    known = {page.code: page for page in _pages()}
    run = {
        "tool": {"driver": {"name": "shoal", "rules": [_sarif_rule(code, known.get(code)) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(found, parsed.source, codes) for parsed, findings in results for found in findings],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _pages() -> Iterator[Page]:
    from shoal.lint.local import PAGES as OF_LOCAL
    from shoal.lint.rules import PAGES as OF_RULES
    from shoal.spec.codes import PAGES as OF_SPEC

    return chain(OF_SPEC, OF_RULES, OF_LOCAL)


def _sarif_rule(code: str, page: Page | None) -> dict[str, Any]:
    title, body = (page.title, page.body) if page is not None else (code, "")
    text = f"{title}\n\n{body}".strip()
    return {"id": code, "shortDescription": {"text": title}, "help": {"text": text, "markdown": text}}


def _sarif_result(finding: Finding, source: str, codes: list[str]) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(source)}}
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


def _uri(path: str) -> str:
    """A relative or absolute path as a URI reference."""
    return _NOT_IN_URI.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), path)


def _github(results: Results) -> str:
    return "\n".join(_github_command(finding, parsed.source) for parsed, findings in results for finding in findings)


def _github_command(finding: Finding, source: str) -> str:
    properties = {"file": source, "title": finding.code}
    if finding.mark is not None:
        properties |= {"line": str(finding.mark.line), "col": str(finding.mark.column)}
    told = ",".join(f"{name}={_escaped_property(value)}" for name, value in properties.items())
    hint = f"\n{finding.hint}" if finding.hint else ""
    return f"::{GITHUB_LEVELS[finding.severity]} {told}::{_escaped(finding.message + hint)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
