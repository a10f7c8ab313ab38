"""Crashes for tests, set at counted points of the memory backend."""

from collections.abc import Collection


class Crash(BaseException):
    """The process ended here, as by kill -9. No code may catch it."""


class CrashPoints:
    """A checkpoint of MemoryBackend that crashes at given ones, counted from 0 over its whole life.

    passed: what was reached, as "moment action"; the last one crashed if it is among ``crash_at``.
    """

    def __init__(self, crash_at: Collection[int] = ()) -> None:
        self.crash_at = frozenset(crash_at)
        self.passed: list[str] = []

    def __call__(self, moment: str, action: str) -> None:
        self.passed.append(f"{moment} {action}")
        if len(self.passed) - 1 in self.crash_at:
            raise Crash(self.passed[-1])
