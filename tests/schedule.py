"""In what order the tests run, and until when: a machine with little time still learns the most.

What needs nothing comes first, a real node last, so that no test is slowed by a Kubernetes that only later ones need.
"""

import os
import time

import pytest

NEEDS = ("air", "ray", "kube", "kwok", "node")
"""The marks of what a test needs, the cheaper first."""
UNTIL = float(os.environ.get("SHOAL_TEST_UNTIL", "inf"))
"""Seconds since the epoch. No test begins after that: it is skipped, and counted with the others."""


def cost(item: pytest.Item) -> int:
    """The rank of the dearest thing that a test needs; 0 when it needs nothing."""
    return max((rank for rank, name in enumerate(NEEDS, 1) if item.get_closest_marker(name)), default=0)


def seconds_left() -> float:
    """Until no test may begin any more."""
    return UNTIL - time.time()


def skip_when_time_is_up() -> None:
    """Skip the test that is about to begin."""
    if seconds_left() <= 0:
        pytest.skip("the time given by SHOAL_TEST_UNTIL was up")
