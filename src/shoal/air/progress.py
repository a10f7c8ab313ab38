"""What the toolkit says while it works: one line a step, on standard error, or nothing at all."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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


def is_watched() -> bool:
    """Whether somebody looks: a terminal or a notebook, and not told to be quiet."""
    return not _quiet and (sys.stderr.isatty() or "ipykernel" in sys.modules)


@contextmanager
def counting(what: str, total: int, done: int = 0) -> Iterator[Callable[[], None]]:
    """Count what takes long, by a bar where somebody looks. Yields what is to be called for each."""
    from tqdm.auto import tqdm

    with tqdm(total=total, initial=done, desc=f"air: {what}", disable=not is_watched(), leave=False) as bar:
        yield lambda: bar.update() and None
