"""What can go wrong with copying to and from a head, whatever the backend."""

from collections.abc import Iterable
from difflib import get_close_matches

from shoal.errors import ActionFailed, InputError


class SourceMissing(InputError):
    """There is nothing at the path that was to be copied.

    Relative paths on the head start in its working directory, those on this side in the folder of the command.
    `rsync-up NAME HERE THERE` copies to the head, `rsync-down NAME THERE HERE` from it. Nothing was copied.
    """

    code = "E601"

    def __init__(self, source: str, base: str, parent: str, names: Iterable[str] | None) -> None:
        """base: where relative paths start. names: what is in ``parent``, the folder asked for; None without one."""
        if names is None:
            step = f"the folder {parent} does not exist either"
        else:
            near = get_close_matches(source.rstrip("/").rpartition("/")[2], names, n=1)
            step = f"did you mean {parent}/{near[0]}?" if near else "check the path"
        super().__init__(f"there is nothing at {source!r}", where=base, next_step=step)


class CopyFailed(ActionFailed):
    """Copying broke off: no permission, no room, a file where a folder would have to be, or the reverse.

    What was copied before stays. Mend what the message names and run the same command again.
    """

    code = "E602"

    def __init__(self, why: str, into: str, next_step: str = "mend that, then run it again") -> None:
        super().__init__(why, where=into, next_step=next_step)
