"""Mends a text by the fixes of its findings; all that they don't name stays as it is, to the byte."""

from collections.abc import Iterable

from shoal.findings import Edit, Finding, Fix


def apply_fixes(text: str, findings: Iterable[Finding]) -> tuple[str, tuple[Finding, ...]]:
    """The mended text, and the findings that were mended.

    text: what the findings' edits refer to. Of two fixes that touch the same place the first is applied; the other is
    left for another run. An edit through an alias is one place, however often it is told.
    """
    taken: list[Edit] = []
    applied = []
    for finding in findings:
        if finding.fix is None:
            continue
        new = [edit for edit in finding.fix.edits if edit not in taken]
        if not any(_overlap(edit, other) for edit in new for other in taken) and _is_sound(finding.fix, text):
            taken += new
            applied.append(finding)
    mended = text
    for edit in sorted(taken, key=lambda edit: edit.start, reverse=True):
        mended = mended[: edit.start] + edit.replacement + mended[edit.end :]
    return mended, tuple(applied)


def _overlap(one: Edit, other: Edit) -> bool:
    return one.start == other.start or (one.start < other.end and other.start < one.end)


def _is_sound(fix: Fix, text: str) -> bool:
    return all(0 <= edit.start <= edit.end <= len(text) for edit in fix.edits)
