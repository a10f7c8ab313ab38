"""A big cluster leaves room for small ones, and takes all of it when they are there."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from shoal.operator.pace import AT_ONCE, WRITES_A_SECOND, Pace
from shoal.testing.clock import VirtualClock

BIG, SMALL = ("default", "big"), ("default", "small")


class Clock(VirtualClock):
    """Many sleep at once, and time goes on for all of them together."""

    async def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:  # noqa: ASYNC110 - one turn of the loop is what time is made of
            await asyncio.sleep(0)

    async def go_on(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.now += 0.01


def play(clock: Clock, scenario: Coroutine[Any, Any, None]) -> float:
    """Seconds that ``scenario`` takes."""

    async def whole() -> float:
        going = asyncio.create_task(clock.go_on())
        await scenario
        going.cancel()
        return clock.now

    return asyncio.run(whole())


async def writes(pace: Pace, key: tuple[str, str], count: int) -> None:
    await asyncio.gather(*(pace.wait(key) for _ in range(count)))


def test_a_cluster_alone_never_waits() -> None:
    clock = Clock()
    assert play(clock, writes(Pace({BIG}, clock), BIG, 500)) < 0.1


def test_a_small_cluster_never_waits() -> None:
    clock = Clock()
    assert play(clock, writes(Pace({BIG, SMALL}, clock), SMALL, AT_ONCE)) < 0.1


def test_a_big_cluster_waits_while_another_is_on_its_way() -> None:
    clock = Clock()
    took_s = play(clock, writes(Pace({BIG, SMALL}, clock), BIG, AT_ONCE + 2 * WRITES_A_SECOND))
    assert 1.9 < took_s < 2.2


def test_who_waits_goes_on_soon_after_the_others_are_there() -> None:
    clock, starting = Clock(), {BIG, SMALL}

    async def scenario() -> None:
        big = asyncio.create_task(writes(Pace(starting, clock), BIG, 200))
        await clock.sleep(1)
        starting.discard(SMALL)
        await big

    assert 1 < play(clock, scenario()) < 2
