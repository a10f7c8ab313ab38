"""The result of one look before installing."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """OK: nothing to do. WARN: it works, but read this. FAIL: installing would not work, or would do harm."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(msgspec.Struct, frozen=True):
    """check: what was looked at, one word. says: one sentence. next_step: what to do now, or ""."""

    check: str
    level: Level
    says: str
    next_step: str = ""


def ok(check: str, says: str) -> Check:
    """Nothing to do."""
    return Check(check, Level.OK, says)


def warn(check: str, says: str, next_step: str) -> Check:
    """It works, with a remark."""
    return Check(check, Level.WARN, says, next_step)


def fail(check: str, says: str, next_step: str) -> Check:
    """Installing would not work, or would do harm."""
    return Check(check, Level.FAIL, says, next_step)
