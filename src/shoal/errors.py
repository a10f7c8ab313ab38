"""The exceptions Shoal raises, as a tree. A class's docstring is its page in ``shoal explain CODE``.

- ShoalError
  - InputError (exit 2): what was asked for can't be read or makes no sense
    - SpecInvalid: the findings say where
    - ...
  - ActionFailed (exit 1): it was understood, tried, and did not work
  - DeadlineExceeded (exit 4)
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from shoal.findings import Finding


class ShoalError(Exception):
    """Base of every error Shoal raises on purpose.

    what: one sentence, no full stop: what is wrong, naming the value.
    where: a file, ``file:line:column``, cluster or node, or "".
    next_step: what to do now, imperative, or "".
    """

    code: ClassVar[str] = ""
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f" ({self.next_step})" if self.next_step else ""
        return f"{place}{self.what}{step}"


class InputError(ShoalError):
    """What was asked for can't be read or makes no sense; nothing was started or changed."""

    exit_code = 2


class ActionFailed(ShoalError):
    """The request was understood and tried, and did not work."""


class SpecInvalid(InputError):
    """The file has findings of severity error.

    Each one names its line and column, what is wrong and the nearest right spelling. `shoal check FILE` lists them
    all at once. Nothing was started.
    """

    code = "E101"

    def __init__(self, source: str, findings: "tuple[Finding, ...]") -> None:
        errors = sum(finding.fatal for finding in findings)
        super().__init__(
            f"{errors} error{'s' if errors != 1 else ''} found", where=source, next_step=f"see `shoal check {source}`"
        )
        self.findings = findings


def coded_errors(root: type[ShoalError] = ShoalError) -> Iterator[type[ShoalError]]:
    """Every error class below ``root`` that has a code of its own."""
    for error in root.__subclasses__():
        if "code" in vars(error):
            yield error
        yield from coded_errors(error)
