"""Versions of Ray, as numbers that compare, and those since when something is so."""

import re

TOKENS_SINCE = (2, 52)
KUBERNETES_TOKENS_SINCE = (2, 55)
TOKENS_BY_DEFAULT_SINCE = (2, 61)
ONE_HEALTH_CHECK_SINCE = (2, 53)
GROUP_PRIORITIES_SINCE = (2, 56)


def numbers(version: str) -> tuple[int, ...]:
    """The first two numbers: (2, 60) of "2.60.0"; () of a text without any."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def knows_tokens(version: str) -> bool:
    """Whether a Ray can ask for tokens. One of unknown version is taken for one that can."""
    found = numbers(version)
    return not found or found >= TOKENS_SINCE


def asks_for_token(mode: str | None, version: str) -> bool:
    """Whether Ray refuses who has no token. mode: its RAY_AUTH_MODE, None where that is not set; version: its own."""
    if not knows_tokens(version):
        return False
    return numbers(version) >= TOKENS_BY_DEFAULT_SINCE if mode is None else mode.lower() == "token"
