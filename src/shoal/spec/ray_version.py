"""Versions of Ray, as numbers that compare, and those since when something is so."""

import re

TOKENS_SINCE = (2, 52)
TOKENS_BY_DEFAULT_SINCE = (2, 61)
ONE_HEALTH_CHECK_SINCE = (2, 53)


def numbers(version: str) -> tuple[int, ...]:
    """The first two numbers: (2, 60) of "2.60.0"; () of a text without any."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
