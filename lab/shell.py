"""Running other programs to their end, and saying what goes on."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.errors import LabError, Missing

LAST_LINES = 8
# Where Debian keeps administrators' programs, and Go's own installer puts Go: often not on PATH.
FURTHER_FOLDERS = ("/usr/sbin", "/sbin", "/usr/local/go/bin")


def say(text: str) -> None:
    """Tell the person, on standard error, what happens now."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} lab: {text}\n")


def find(program: str, step: str) -> str:
    """The path of a program, or ``Missing`` with the step that brings it."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *FURTHER_FOLDERS])
    found = shutil.which(program, path=path)
    if found is None:
        raise Missing(f"{program} is not installed", step)
    return found


def need_root(verb: str) -> None:
    """``Missing`` when we are not root."""
    if os.geteuid() != 0:
        raise Missing(f"`{verb}` needs root", f"run it as root: sudo -E python -m lab {verb}")


def run(
    argv: Sequence[str | Path], *, stdin: str = "", env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> str:
    """What a program prints. ``LabError`` with its last lines when it fails."""
    done = subprocess.run(
        [str(part) for part in argv],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **(env or {})},
    )
    if done.returncode != 0:
        said = "\n  ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-LAST_LINES:])
        raise LabError(f"{' '.join(map(str, argv))[:300]} exited with {done.returncode}", said or "it said nothing")
    return done.stdout


def download(argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> str:
    """``run`` for a program that fetches things: when it fails we take it that the network is ``Missing``."""
    try:
        return run(argv, env=env)
    except LabError as error:
        raise Missing(error.what, error.step) from None


def succeeds(argv: Sequence[str | Path]) -> bool:
    """Whether a program exits with 0. For questions whose answer may be no."""
    done = subprocess.run([str(part) for part in argv], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0
