"""What the toolkit says while it works: one line a step, on standard error, or nothing at all."""

import sys

_quiet = False


def be_quiet(quiet: bool = True) -> None:
    """Say nothing while working, or (``be_quiet(False)``) speak again."""
    global _quiet
    _quiet = quiet


def say(text: str) -> None:
    """Tell of a step."""
    if not _quiet:
        print(f"air: {text}", file=sys.stderr, flush=True)  # noqa: T201 - progress is for people, logs are Ray's
