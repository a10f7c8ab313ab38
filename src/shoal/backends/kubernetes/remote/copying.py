"""Files to and from a pod, as a tar stream through exec, with the meaning that rsync gives to paths."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

from shoal.backends.copies import CopyFailed, SourceMissing
from shoal.backends.kubernetes.remote import pod_side
from shoal.backends.kubernetes.remote.errors import CopyUnsafe
from shoal.backends.kubernetes.remote.helper import Helper, Reading, Words

Run = Callable[..., Helper]
"""Starts a Helper: ``run(verb, *arguments, failed=...)``."""


def copy_up(run: Run, source: str, target: str) -> str:
    """Copy ``source`` from here to ``target`` there; where it went. Raises SourceMissing, CopyFailed."""
    origin = Path.cwd() / source
    if not origin.exists():
        parent = origin.parent
        names = [entry.name for entry in parent.iterdir()] if parent.is_dir() else None
        raise SourceMissing(source, str(Path.cwd()), str(parent), names)
    what = ["1" if origin.is_dir() else "0", "1" if pod_side.names_contents(source) else "0", _name(source)]
    with run("receive", target, *what, failed=_broken_off) as helper:
        try:
            pod_side.pack(str(origin), _Writing(helper))
        except OSError as error:
            raise CopyFailed(f"copying broke off: {error.strerror or error}", error.filename or source) from error
        into = str(helper.line()["into"])
        helper.finish()
    return into


def copy_down(run: Run, source: str, target: str) -> str:
    """Copy ``source`` from there to ``target`` here; where it went. Raises SourceMissing, CopyFailed, CopyUnsafe."""
    with run("send", source, failed=_broken_off) as helper:
        answer = helper.line()
        if "missing" in answer:
            raise SourceMissing(source, str(answer["base"]), str(answer["parent"]), answer["names"])
        # Its name is what was asked for: nothing from there decides where something is written.
        into = pod_side.destination(
            bool(answer["is_dir"]), pod_side.names_contents(source), _name(source), target, str(Path.cwd())
        )
        try:
            pod_side.unpack(io.BufferedReader(Reading(helper), pod_side.CHUNK), into)
        except pod_side.Outside as error:
            raise CopyUnsafe(error.why, where=error.where, next_step="look at who runs code in the pod") from error
        except pod_side.Refused as error:
            raise CopyFailed(f"copying broke off: {error.why}", error.where) from error
        except tarfile.TarError as error:
            helper.finish()
            raise CopyFailed(f"copying broke off: {error}", into) from error
        except OSError as error:
            raise CopyFailed(f"copying broke off: {error.strerror or error}", str(error.filename or into)) from error
        helper.finish()
    return into


def _name(source: str) -> str:
    return os.path.basename(source.rstrip("/")) or "."  # noqa: PTH119 - as text: it may be of the pod


def _broken_off(words: Words) -> CopyFailed:
    return CopyFailed(f"copying broke off: {words.why}", words.where)


class _Writing(io.RawIOBase):
    """The input of a Helper as a file."""

    def __init__(self, helper: Helper) -> None:
        self._helper = helper

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: object) -> int:
        """To the pod."""
        assert isinstance(data, bytes | bytearray | memoryview)  # noqa: S101 - all that tarfile writes
        return self._helper.write(bytes(data))
