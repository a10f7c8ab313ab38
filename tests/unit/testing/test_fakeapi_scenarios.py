"""The fake API server's watches and namespaces, in scenarios that the integration tests play on a real one too."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from integration.fake_scenarios import SCENARIOS, Place
from shoal.testing.fakeapi import FakeApi


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_fake_plays(scenario: Callable[[Place], Awaitable[None]]) -> None:
    api = FakeApi(namespaces=["ns"])
    api.compact()

    async def act() -> None:
        api.controllers.act()

    async def play() -> None:
        await scenario(Place(api, "ns", act))

    asyncio.run(play())
