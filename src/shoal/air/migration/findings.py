"""What has to change in a script, as values."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that has to change.

    line, column: where, counted from 1, the column in characters.
    what: one sentence, no full stop.
    todo: what to do, imperative, or "".
    by_hand: whether it can't be rewritten without knowing what was meant.
    """

    line: int
    column: int
    what: str
    todo: str = ""
    by_hand: bool = False


@dataclass(frozen=True)
class Migration:
    """What has to change in a script, and the script with all of it done that can be done safely.

    path: of the script.
    findings: in the order of the lines.
    text: rewritten.
    written: whether the file holds that text now.
    """

    path: Path
    findings: tuple[Finding, ...]
    text: str
    written: bool = False

    @property
    def by_hand(self) -> tuple[Finding, ...]:
        """What is left for a person."""
        return tuple(finding for finding in self.findings if finding.by_hand)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        done = "rewritten" if self.written else "can be rewritten"
        return [
            f"{self.path}:{finding.line}:{finding.column}: {finding.what}"
            f" ({'by hand' if finding.by_hand else done})" + (f"\n  {finding.todo}" if finding.todo else "")
            for finding in self.findings
        ]

    def __repr__(self) -> str:
        return str(self) or f"{self.path}: nothing of AIR 2.2 has to change"
