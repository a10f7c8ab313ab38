"""Files to and from the head. On this machine both sides are the same file system, so that one function does both."""

import shutil
import subprocess
from pathlib import Path

from shoal.errors import ActionFailed, InputError


class SourceMissing(InputError):
    """There is nothing at the path that was to be copied.

    Relative paths on the head start in its working directory, those on this side in the folder of the command.
    `rsync-up NAME HERE THERE` copies to the head, `rsync-down NAME THERE HERE` from it. Nothing was copied.
    """

    code = "E601"


class CopyFailed(ActionFailed):
    """Copying broke off: no permission, no room, a file where a folder would have to be, or the reverse.

    What was copied before stays. Mend what the message names and run the same command again.
    """

    code = "E602"


def copy(source: str, source_base: Path, target: str, target_base: Path) -> Path:
    """Copy as rsync does; where it went. Relative paths start at their base.

    A folder goes into ``target`` under its own name; with a slash at its end, what is in it does. A file takes the
    name ``target``, unless that is a folder or ends with a slash. Links stay links. Nothing is deleted.
    Raises SourceMissing, CopyFailed.
    """
    origin, goal = source_base / source, target_base / target
    if not origin.exists():
        raise SourceMissing(f"there is nothing at {source!r}", where=str(source_base), next_step=_nearby(origin))
    if origin.is_dir():
        into = goal if source.rpartition("/")[2] in ("", ".", "..") else goal / origin.name
    else:
        into = goal / origin.name if target.endswith("/") or goal.is_dir() else goal
    if origin.is_dir() and into.resolve().is_relative_to(origin.resolve()):
        raise CopyFailed("a folder can't be copied into itself", where=str(into), next_step="name another target")
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        _copy(origin, into)
    except shutil.Error as error:
        raise _broken_off(str(error.args[0][0][2]), into) from error
    except OSError as error:
        raise _broken_off(error.strerror or str(error), into) from error
    return into


def _copy(origin: Path, into: Path) -> None:
    rsync = shutil.which("rsync")
    if rsync is not None:
        slash = "/" if origin.is_dir() else ""
        argv = [rsync, "-a", "--", f"{origin}{slash}", f"{into}{slash}"]
        ended = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if ended.returncode:
            raise _broken_off((ended.stderr.strip().splitlines() or ["rsync failed"])[0], into)
    elif origin.is_dir():
        shutil.copytree(origin, into, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(origin, into)


def _broken_off(why: str, into: Path) -> CopyFailed:
    return CopyFailed(f"copying broke off: {why}", where=str(into), next_step="mend that, then run it again")


def _nearby(missing: Path) -> str:
    if not missing.parent.is_dir():
        return f"the folder {missing.parent} does not exist either"
    from difflib import get_close_matches

    near = get_close_matches(missing.name, [entry.name for entry in missing.parent.iterdir()], n=1)
    return f"did you mean {missing.parent / near[0]}?" if near else "check the path"
