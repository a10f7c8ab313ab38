"""Calls that come together are answered in one go, each with its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from shoal.air.gathering import Gathering

pytestmark = pytest.mark.air


class Squares:
    """Answers, and notes what it was asked together."""

    def __init__(self, broken: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.broken = broken

    def __call__(self, asked: list[int]) -> Sequence[int]:
        self.batches.append(asked)
        if self.broken:
            raise ValueError("no")
        return [each * each for each in asked]


def test_calls_that_are_there_are_answered_together() -> None:
    squares = Squares()

    async def ask() -> list[int]:
        gathering = Gathering(squares, most=64, wait_s=0.0)
        return [*await asyncio.gather(*map(gathering, range(5))), await gathering(9)]

    assert asyncio.run(ask()) == [0, 1, 4, 9, 16, 81]
    assert squares.batches == [[0, 1, 2, 3, 4], [9]]


def test_no_more_than_so_many_are_answered_in_one_go() -> None:
    squares = Squares()

    async def ask() -> list[int]:
        gathering = Gathering(squares, most=2, wait_s=0.0)
        return await asyncio.gather(*map(gathering, range(5)))

    assert asyncio.run(ask()) == [0, 1, 4, 9, 16]
    assert squares.batches == [[0, 1], [2, 3], [4]]


def test_the_first_is_held_back_for_others_to_come() -> None:
    squares = Squares()

    async def later(gathering: Gathering[int, int], turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await gathering(turns)

    async def ask() -> list[int]:
        gathering = Gathering(squares, most=4, wait_s=60.0)
        return await asyncio.gather(*(later(gathering, turns) for turns in (1, 5, 10, 15)))

    assert asyncio.run(ask()) == [1, 25, 100, 225]
    assert squares.batches == [[1, 5, 10, 15]]


def test_what_the_answer_raises_all_of_them_do() -> None:
    async def ask() -> list[object]:
        gathering = Gathering(Squares(broken=True), most=64, wait_s=0.0)
        return await asyncio.gather(*map(gathering, range(2)), return_exceptions=True)

    assert list(map(repr, asyncio.run(ask()))) == ["ValueError('no')"] * 2


def test_who_is_gone_keeps_nobody_else_waiting() -> None:
    async def ask() -> int:
        gathering = Gathering(Squares(), most=64, wait_s=0.01)
        gone = asyncio.ensure_future(gathering(1))
        here = asyncio.ensure_future(gathering(2))
        await asyncio.sleep(0)
        gone.cancel()
        return await here

    assert asyncio.run(ask()) == 4
