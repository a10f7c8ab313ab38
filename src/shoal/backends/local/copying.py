"""Files to and from the head. On this machine both sides are the same file system, so that one function does both."""

import shutil
import subprocess
from pathlib import Path

from shoal.backends.copies import CopyFailed, SourceMissing


def copy(source: str, source_base: Path, target: str, target_base: Path) -> Path:
    """Copy as rsync does; where it went. Relative paths start at their base.

    A folder goes into ``target`` under its own name; with a slash at its end, what is in it does. A file takes the
    name ``target``, unless that is a folder or ends with a slash. Links stay links. Nothing is deleted.
    Raises SourceMissing, CopyFailed.
    """
    origin, goal = source_base / source, target_base / target
    if not origin.exists():
        raise missing(source, source_base, origin)
    if origin.is_dir():
        into = goal if source.rpartition("/")[2] in ("", ".", "..") else goal / origin.name
    else:
        into = goal / origin.name if target.endswith("/") or goal.is_dir() else goal
    if origin.is_dir() and into.resolve().is_relative_to(origin.resolve()):
        raise CopyFailed("a folder can't be copied into itself", str(into), "name another target")
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


def missing(source: str, base: Path, origin: Path) -> SourceMissing:
    """The error for ``source``, of which nothing is at ``origin``."""
    parent = origin.parent
    names = [entry.name for entry in parent.iterdir()] if parent.is_dir() else None
    return SourceMissing(source, str(base), str(parent), names)


def _broken_off(why: str, into: Path) -> CopyFailed:
    return CopyFailed(f"copying broke off: {why}", str(into))
