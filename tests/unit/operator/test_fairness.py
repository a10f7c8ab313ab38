"""A big cluster takes turns with small ones."""

import asyncio
from collections import Counter

import pytest

from shoal.operator.fairness import FairLimit

BIG, SMALL = ("default", "big"), ("default", "small")


async def served(limit: FairLimit, key: tuple[str, str], order: list[str]) -> None:
    async with limit.turn(key):
        order.append(key[1])
        await asyncio.sleep(0)


def test_no_more_than_the_limit_are_under_way() -> None:
    async def scenario() -> int:
        limit, now, most = FairLimit(3), 0, 0

        async def one() -> None:
            nonlocal now, most
            async with limit.turn(BIG):
                now += 1
                most = max(most, now)
                await asyncio.sleep(0)
                now -= 1

        await asyncio.gather(*(one() for _ in range(20)))
        return most

    assert asyncio.run(scenario()) == 3


def test_one_who_comes_late_with_little_does_not_wait_behind_one_with_much() -> None:
    async def scenario() -> list[str]:
        limit = FairLimit(2)
        order: list[str] = []
        big = asyncio.gather(*(served(limit, BIG, order) for _ in range(500)))
        await asyncio.sleep(0)
        small = asyncio.gather(*(served(limit, SMALL, order) for _ in range(4)))
        await asyncio.gather(big, small)
        return order

    order = asyncio.run(scenario())
    assert Counter(order) == {"big": 500, "small": 4}
    assert max(place for place, who in enumerate(order) if who == "small") < 16


@pytest.mark.parametrize("served_already", [False, True])
def test_a_place_is_not_lost_when_one_who_waits_is_cancelled(served_already: bool) -> None:
    async def scenario() -> None:
        limit = FairLimit(1)
        order: list[str] = []
        async with limit.turn(BIG):
            waiting = asyncio.create_task(served(limit, SMALL, order))
            await asyncio.sleep(0)
            if not served_already:
                waiting.cancel()
                await asyncio.wait([waiting])
        if served_already:  # the place is handed to it, and it is cancelled before it runs
            waiting.cancel()
            await asyncio.wait([waiting])
        await asyncio.wait_for(served(limit, BIG, order), 5)
        assert order == ["big"]

    asyncio.run(scenario())
