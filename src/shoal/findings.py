"""What a reader of a spec may find in it: the value every check returns, from the YAML parser to the last lint rule."""

from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

Path: TypeAlias = tuple[str | int, ...]
"""Where in a document: mapping keys and sequence indices from the root, as ``("spec", "workerGroupSpecs", 0)``."""


class Severity(StrEnum):
    """How much a finding matters. An ``ERROR`` keeps ``up`` from starting; the others never do."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Mark(msgspec.Struct, frozen=True, order=True):
    """A place in a text file.

    line, column: counted from 1, column in characters.
    """

    line: int
    column: int


class Edit(msgspec.Struct, frozen=True):
    """Replace ``text[start:end]`` of the source (character offsets from 0) by ``replacement``."""

    start: int
    end: int
    replacement: str


class Fix(msgspec.Struct, frozen=True):
    """Edits that mend one finding and change nothing else; ``shoal check --fix`` applies them.

    description: imperative, as "quote the value".
    """

    description: str
    edits: tuple[Edit, ...]


class Finding(msgspec.Struct, frozen=True):
    """One thing wrong, doubtful, or not honoured in a spec.

    code: stable, as ``"L104"``; ``shoal explain`` tells more.
    message: what is wrong, one sentence without a full stop, naming the value.
    hint: the next step, imperative, or "".
    path, mark: where; ``mark`` is None only when there is no text to point at.
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    path: Path = ()
    mark: Mark | None = None
    fix: Fix | None = None

    @property
    def fatal(self) -> bool:
        """Whether it keeps ``up`` from starting."""
        return self.severity is Severity.ERROR


def has_errors(findings: "tuple[Finding, ...] | list[Finding]") -> bool:
    """Whether any of ``findings`` keeps ``up`` from starting."""
    return any(finding.fatal for finding in findings)


class Page(msgspec.Struct, frozen=True):
    """What ``shoal explain CODE`` shows, and what the reference page of the code is generated from.

    kind: "input" (the parser), "lint" (a rule) or "error" (a failed action).
    body: Markdown: why it matters, then how to mend it.
    """

    code: str
    kind: Literal["input", "lint", "error"]
    title: str
    body: str
