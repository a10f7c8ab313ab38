"""What the toolkit says while it works: one line a step, on standard error, or nothing at all."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_quiet = False
_last = ""
OF_RAY = ("ray", "ray.data", "ray.serve", "ray.train", "ray.tune")


def be_quiet(quiet: bool = True) -> None:
    """Say nothing while working, and let Ray tell of errors only; or (``be_quiet(False)``) speak again."""
    global _quiet, _last
    _quiet, _last = quiet, ""
    settle_ray()


def settle_ray() -> None:
    """What Ray's libraries say here, as far as they are imported by now. Their files of logs stay as they are.

    Of Ray Data and Serve only warnings are shown, as `say` tells what they are at, and bars only where somebody looks.
    """
    for name in OF_RAY:
        level = logging.ERROR if _quiet else logging.WARNING if name in ("ray.data", "ray.serve") else logging.NOTSET
        for handler in logging.getLogger(name).handlers:
            if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
                handler.setLevel(level)
    if "ray.data" in sys.modules:
        from ray.data import DataContext

        DataContext.get_current().enable_progress_bars = is_watched()


def level_of_ray() -> int:
    """How grave what Ray says has to be, to be shown when it starts."""
    return logging.ERROR if _quiet else logging.INFO


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
