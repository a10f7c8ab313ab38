"""Waiting for a condition of the outside world."""

import time
from collections.abc import Callable
from pathlib import Path

from lab.errors import LabError

POLL_S = 0.2


def wait_until(is_so: Callable[[], bool], within_s: float, what: str, log: Path) -> None:
    """Return once ``is_so``; ``LabError`` naming ``what`` and the log to read when it takes too long."""
    end = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > end:
            raise LabError(f"waited {within_s:.0f} s until {what}, in vain", f"see {log}")
        time.sleep(POLL_S)
