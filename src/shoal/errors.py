"""The exceptions Shoal raises, as a tree. A class's docstring is its page in ``shoal explain CODE``.

- ShoalError
  - InputError (exit 2): what was asked for can't be read or makes no sense
    - SpecInvalid: the findings say where
    - ...
  - ActionFailed (exit 1): it was understood, tried, and did not work
  - DeadlineExceeded (exit 4)
"""

from collections.abc import Iterator
from difflib import get_close_matches
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


class Defect(ShoalError):
    """Shoal met something that its authors did not think of.

    What is running goes on. Run the same command with SHOAL_DEBUG=1 and report what it prints.
    """

    code = "E001"


class SystemRefused(ShoalError):
    """The operating system refused something: a permission, a missing file, too many open files.

    The message is the system's own. Mend that and run the same command again: every verb takes up where it was cut off.
    """

    code = "E002"


class DiskFull(ShoalError):
    """There is too little room on disk.

    Ray's logs and spilled objects go below /tmp, Shoal's journal below XDG_STATE_HOME. Free some space, or point
    XDG_STATE_HOME elsewhere, then run the same command again. Nothing was lost.
    """

    code = "E206"


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

    def __init__(self, source: str, text: str, findings: "tuple[Finding, ...]") -> None:
        errors = sum(finding.fatal for finding in findings)
        super().__init__(
            f"{errors} error{'s' if errors != 1 else ''} found", where=source, next_step=f"see `shoal check {source}`"
        )
        self.source = source
        self.text = text
        self.findings = findings


class ClusterUnknown(InputError):
    """No cluster has this name.

    `shoal list` shows the names there are; `shoal up FILE` makes one; `shoal logs NAME --dead` reads what a cluster
    that is gone has left.
    """

    code = "E102"

    def __init__(self, cluster: str, known: tuple[str, ...] = (), where: str = "", listing: str = "shoal list") -> None:
        nearest = get_close_matches(cluster, known, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"`{listing}` shows the names there are"
        super().__init__(f"there is no cluster {cluster!r}", where=where, next_step=hint)


class CommandNotRun(InputError):
    """The command can't be run: there is no such program on PATH, or it may not be executed.

    `shoal exec`, and `run` in Python, look for it in the head's environment; `shoal connect` on this side, in your own.
    """

    code = "E502"

    def __init__(self, program: str, error: OSError) -> None:
        missing = isinstance(error, FileNotFoundError)
        super().__init__(
            f"there is no program {program!r}" if missing else f"can't run {program!r}: {error.strerror}",
            next_step="give its path, or see `echo $PATH`" if missing else "see `ls -l` about it",
        )


class HeadNotRunning(ActionFailed):
    """The head of the cluster does not run, so nothing can run on it.

    `shoal status NAME` says why it ended, `shoal up FILE` brings it back, `shoal logs NAME` shows its last words.
    """

    code = "E503"


class DeadlineExceeded(ShoalError):
    """What was waited for did not come in time. What was started stays and goes on; nothing is undone.

    `shoal status NAME` names what blocks it, `shoal logs NAME` says more, and the same command again goes on waiting.
    """

    code = "E301"
    exit_code = 4


def coded_errors(root: type[ShoalError] = ShoalError) -> Iterator[type[ShoalError]]:
    """Every error class below ``root`` that has a code of its own."""
    for error in root.__subclasses__():
        if "code" in vars(error):
            yield error
        yield from coded_errors(error)
