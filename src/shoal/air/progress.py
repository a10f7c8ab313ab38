"""What the toolkit says while it works: one line a step, on standard error, or nothing at all."""

import sys

_quiet = False
_last = ""


def be_quiet(quiet: bool = True) -> None:
    """Say nothing while working, or (``be_quiet(False)``) speak again."""
    global _quiet, _last
    _quiet, _last = quiet, ""


def say(text: str) -> None:
    """Tell of a step; of the same one again and again, as a search takes it, once."""
    global _last
    if not _quiet and text != _last:
        print(f"air: {text}", file=sys.stderr, flush=True)  # noqa: T201 - progress is for people, logs are Ray's
        _last = text
