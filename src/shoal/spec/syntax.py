"""PyYAML's error -> one finding a person can act on."""

import re

import yaml

from shoal.findings import Finding, Mark, Severity

_FORMS: tuple[tuple[str, str, str], ...] = (
    # (what YAML says, what we say, next step)
    (
        r"mapping values are not allowed",
        "a `key: value` can't start here",
        "check the indentation of this line and the one above; quote a value that contains `: `",
    ),
    (r"could not find expected ':'", "a key without `:`", "write `key: value`, with a space after the colon"),
    (
        r"did not find expected key|expected <block end>",
        "this line doesn't fit the block above",
        "align it with the other keys of its block",
    ),
    (r"did not find expected '-'", "this line doesn't fit the list above", "align it with the other `- ` items"),
    (
        r"did not find expected ',' or '([\]}])'|expected ',' or '([\]}])'",
        "a bracket is not closed, or a comma is missing",
        "close the bracket, or put a comma between the items",
    ),
    (r"did not find expected node content", "a value is missing here, or a bracket is not closed", "add the value"),
    (r"unexpected end of stream", "a quote is opened and never closed", "close the quote"),
    (
        r"found unknown escape character",
        "an unknown escape in double quotes",
        "use single quotes, or double the backslash",
    ),
    (r"block sequence entries are not allowed", "a `- ` list item can't start here", "put it on a line of its own"),
    (r"found duplicate anchor", "an anchor is defined twice", "rename one of them"),
    (r"undefined tag handle", "a tag with an unknown prefix", "quote the value, or remove the `!`"),
    (
        r"did not find expected <document start>",
        "text after the end of the document",
        "start a new document with `---`",
    ),
)
_UNCLOSED = re.compile(r"flow (sequence|mapping)|unexpected end of stream|could not find expected ':'")
_CANNOT_START = re.compile(r"character '?(.+?)'? that cannot start any token|cannot start any token")


def syntax_finding(text: str, error: yaml.YAMLError, bracket: Mark | None) -> Finding:
    """The finding for a syntax error (S004), or for a tab that indents (S005).

    bracket: where the innermost bracket stands that is still open.
    """
    problem, place = _problem(error)
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if (tab := _indenting_tab(lines, place.line)) is not None:
        hint = "replace the tab by spaces: YAML indents with spaces only"
        return Finding("S005", Severity.ERROR, "a tab is used for indentation", hint, mark=tab)
    if bracket is not None and not "".join([line[place.column - 1 :], *lines[place.line :]]).strip():
        problem, place = "expected ',' or ']'", bracket
    for pattern, message, hint in _FORMS:
        if re.search(pattern, problem):
            return Finding("S004", Severity.ERROR, f"YAML syntax: {message}", hint, mark=place)
    if _CANNOT_START.search(problem):
        start = line[place.column - 1 : place.column]
        message = (
            f"YAML syntax: a value can't start with {start!r}" if start else "YAML syntax: a value can't start here"
        )
        return Finding("S004", Severity.ERROR, message, "put the value in quotes", mark=place)
    return Finding("S004", Severity.ERROR, f"YAML syntax: {problem}", "check this line and the one above", mark=place)


def _problem(error: yaml.YAMLError) -> tuple[str, Mark]:
    if not isinstance(error, yaml.MarkedYAMLError):
        return str(error).splitlines()[0], Mark(1, 1)
    context = f"{error.context}: " if error.context else ""
    # An unclosed bracket or quote is noticed far below it; the context is where it was opened.
    unclosed = error.context_mark is not None and _UNCLOSED.search(f"{error.context} {error.problem}")
    mark = error.context_mark if unclosed else error.problem_mark or error.context_mark
    place = Mark(mark.line + 1, mark.column + 1) if mark is not None else Mark(1, 1)
    return f"{context}{error.problem}", place


def _indenting_tab(lines: list[str], number: int) -> Mark | None:
    """Where a tab indents the line of the error or the one before it."""
    for candidate in (number, number - 1):
        if 1 <= candidate <= len(lines):
            line = lines[candidate - 1]
            indent = line[: len(line) - len(line.lstrip())]
            if "\t" in indent:
                return Mark(candidate, indent.index("\t") + 1)
    return None
