"""Whatever goes wrong on the way, the operator comes to the same end by the same creates and deletes; then it rests."""

import asyncio
from collections.abc import Callable
from functools import cache

import pytest
from operator_sim.history import Ended, Play
from operator_sim.operators import Crash
from operator_sim.scenarios import SCENARIOS

from shoal.backends.kubernetes.transport import Request
from shoal.testing.fakeapi import Fault

READS = ("GET",)


@cache
def undisturbed(scenario: str) -> tuple[Ended, int, int]:
    """How it ends when nothing goes wrong; how many requests, and how many writes that took."""
    play = Play()
    ended = asyncio.run(play.play(scenario))
    return ended, len(play.api.requests), len(play.api.writes)


def nth_write(number: int, fault: Fault) -> Callable[[Request, int], Fault | None]:
    """Only the write of that number, from 0, goes wrong."""
    count = -1

    def choose(request: Request, _: int) -> Fault | None:
        nonlocal count
        if request.method in READS:
            return None
        count += 1
        return fault if count == number else None

    return choose


def play(scenario: str, faults: Callable[[Request, int], Fault | None], **options: object) -> Ended:
    life = Play(**options)  # type: ignore[arg-type]
    life.api.faults = faults
    return asyncio.run(life.play(scenario))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_it_rests_when_all_is_done(scenario: str) -> None:
    life = Play()

    async def run() -> None:
        await life.play(scenario)
        before = len(life.api.writes)
        for _ in range(100):
            life.clock.now += 7
            life.operators[0].doubt()
            await life.operators[0].work()
        assert life.api.writes[before:] == []

    asyncio.run(run())


@pytest.mark.slow
@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_crash_at_any_write_changes_nothing(scenario: str, applied: bool) -> None:
    ended, _, writes = undisturbed(scenario)
    for number in range(writes):
        assert play(scenario, nth_write(number, Fault(crash=Crash(), applied=applied))) == ended, number
