"""One operator at work: the other waits, and whoever may have lost the Lease writes nothing."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shoal.backends.kubernetes.client import Client, Ignored
from shoal.backends.kubernetes.operators import LASTS_S, Lease
from shoal.backends.kubernetes.resources import CONFIGMAPS, LEASES
from shoal.backends.kubernetes.transport import Request, Response
from shoal.install.leases import OURS as NAME
from shoal.operator.election import Election, Fenced
from shoal.operator.lease import RENEW_EVERY_S, LeaseLost
from shoal.testing.clock import VirtualClock
from shoal.testing.fakeapi import DONE_UNHEARD, NOT_DONE, FakeApi

START = datetime(2026, 1, 1, tzinfo=UTC)
NAMESPACE = "default"
MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}


class Clock(VirtualClock):
    """Sleeping lets others run; a test that would wait for ever ends."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[float, Callable[[], None]] = {}

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        assert self.now < 500, "it waits for ever"
        for moment in [moment for moment in self.at if moment <= self.now]:
            self.at.pop(moment)()
        await asyncio.sleep(0)


class Candidates:
    """Operators that share one API server and one clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.api = FakeApi()
        self.client = Client(self.api, sleep=self.clock.sleep, jitter=lambda: 0.0)

    def candidate(self, name: str) -> Election:
        return Election(self.client, NAMESPACE, name, self.clock, lambda: START + timedelta(seconds=self.clock.now))

    async def holder(self) -> str:
        return (await self.client.get(LEASES, NAMESPACE, NAME, Lease)).spec.holder_identity


def play(scenario: Callable[[Candidates], Coroutine[Any, Any, None]]) -> Candidates:
    candidates = Candidates()
    asyncio.run(scenario(candidates))
    return candidates


def test_the_first_takes_the_lease_at_once() -> None:
    async def scenario(all_: Candidates) -> None:
        first = all_.candidate("a")
        await first.wait_for_turn()
        assert all_.clock.now == 0
        assert await all_.holder() == "a"
        assert first.until_s > RENEW_EVERY_S

    play(scenario)


def test_the_lease_says_what_its_holder_notes_on_it_and_keeps_that_when_it_is_given_back() -> None:
    async def scenario(all_: Candidates) -> None:
        first = Election(all_.client, NAMESPACE, "a", all_.clock, lambda: START, {"example.com/how": "so"})
        await first.wait_for_turn()
        await first.let_go()
        lease = await all_.client.get(LEASES, NAMESPACE, NAME, Lease)
        assert (lease.metadata.annotations, lease.spec.holder_identity) == ({"example.com/how": "so"}, "")
        await all_.candidate("b").wait_for_turn()
        assert (await all_.client.get(LEASES, NAMESPACE, NAME, Lease)).metadata.annotations == {}

    play(scenario)


def test_the_second_waits_until_the_first_has_been_silent_for_as_long_as_the_lease_lasts() -> None:
    async def scenario(all_: Candidates) -> None:
        await all_.candidate("a").wait_for_turn()
        second = all_.candidate("b")
        await second.wait_for_turn()
        assert all_.clock.now >= LASTS_S
        assert await all_.holder() == "b"

    play(scenario)


def test_where_nothing_is_installed_the_lease_is_in_a_namespace_that_always_exists() -> None:
    async def scenario(all_: Candidates) -> None:
        outside = Election(all_.client, "shoal-system", "a", all_.clock, lambda: START)
        await outside.wait_for_turn()
        assert all_.clock.now == 0
        assert await all_.holder() == "a"

    play(scenario)


def test_a_lease_that_is_given_back_is_taken_without_waiting_for_its_end() -> None:
    async def scenario(all_: Candidates) -> None:
        first = all_.candidate("a")
        await first.wait_for_turn()
        await first.let_go()
        await all_.candidate("b").wait_for_turn()
        assert all_.clock.now == 0

    play(scenario)


def test_whoever_keeps_the_lease_can_write_for_ever() -> None:
    async def scenario(all_: Candidates) -> None:
        first = all_.candidate("a")
        await first.wait_for_turn()
        keeping = asyncio.create_task(first.keep())
        while all_.clock.now < 100:
            await asyncio.sleep(0)
            assert first.until_s > all_.clock.now
        keeping.cancel()

    play(scenario)


def test_a_holder_that_can_not_renew_gives_up_before_another_may_begin() -> None:
    async def scenario(all_: Candidates) -> None:
        first = all_.candidate("a")
        await first.wait_for_turn()
        all_.api.faults = lambda request, number: NOT_DONE
        with pytest.raises(LeaseLost, match="could not be renewed before it ran out"):
            await first.keep()
        assert first.until_s < LASTS_S

    play(scenario)


def test_a_holder_whose_lease_was_taken_gives_up_and_leaves_it_to_the_other() -> None:
    async def scenario(all_: Candidates) -> None:
        first = all_.candidate("a")
        await first.wait_for_turn()
        taken = {"spec": {"holderIdentity": "b"}}
        await all_.client.merge(LEASES, NAMESPACE, NAME, taken, Ignored)
        with pytest.raises(LeaseLost, match="another operator holds the Lease"):
            await first.keep()
        await first.let_go()
        assert await all_.holder() == "b"

    play(scenario)


def test_a_renewal_whose_answer_is_lost_is_no_loss() -> None:
    async def scenario(all_: Candidates) -> None:
        first = all_.candidate("a")
        await first.wait_for_turn()
        lost = iter([DONE_UNHEARD])
        all_.api.faults = lambda request, number: next(lost, None) if request.method == "PUT" else None
        keeping = asyncio.create_task(first.keep())
        while all_.clock.now < 60:  # noqa: ASYNC110 - time is virtual
            await asyncio.sleep(0)
        assert not keeping.done()
        assert first.until_s > all_.clock.now
        keeping.cancel()

    play(scenario)


def test_what_answers_in_the_servers_place_for_a_moment_ends_no_operator() -> None:
    class Behind(FakeApi):
        is_hidden = True

        async def send(self, request: Request) -> Response:
            return Response(200, b"<html>log in</html>") if self.is_hidden else await super().send(request)

    async def scenario() -> None:
        clock, api = Clock(), Behind()
        first = Election(Client(api, sleep=clock.sleep), NAMESPACE, "a", clock, lambda: START)
        clock.at[10] = lambda: setattr(api, "is_hidden", False)
        await first.wait_for_turn()
        api.is_hidden = True
        clock.at[clock.now + RENEW_EVERY_S] = lambda: setattr(api, "is_hidden", False)
        keeping = asyncio.create_task(first.keep())
        while clock.now < 60:  # noqa: ASYNC110 - time is virtual
            await asyncio.sleep(0)
        assert not keeping.done()
        keeping.cancel()

    asyncio.run(scenario())


def test_a_write_goes_out_only_while_the_lease_is_held() -> None:
    async def scenario(all_: Candidates) -> None:
        first = all_.candidate("a")
        fenced = Client(Fenced(all_.api, first, all_.clock), sleep=all_.clock.sleep)
        with pytest.raises(LeaseLost):
            await fenced.create(CONFIGMAPS, NAMESPACE, MAP, Ignored)
        await first.wait_for_turn()
        await fenced.create(CONFIGMAPS, NAMESPACE, MAP, Ignored)
        all_.clock.now = first.until_s
        with pytest.raises(LeaseLost):
            await fenced.delete(CONFIGMAPS, NAMESPACE, "m")
        await fenced.get(CONFIGMAPS, NAMESPACE, "m", Ignored)

    candidates = play(scenario)
    assert [seen.verb for seen in candidates.api.requests if seen.resource == "configmaps"] == ["create", "get"]


def test_a_write_that_hangs_is_given_up_when_the_lease_may_run_out() -> None:
    class Hanging(FakeApi):
        async def send(self, request: Request) -> Any:
            if request.method == "POST":
                await asyncio.Event().wait()
            return await super().send(request)

    async def scenario() -> None:
        clock = Clock()
        api = Hanging()
        election = Election(Client(api), NAMESPACE, "a", clock, lambda: START)
        election.until_s = 0.01
        with pytest.raises(LeaseLost):
            await Client(Fenced(api, election, clock)).create(CONFIGMAPS, NAMESPACE, MAP, Ignored)

    asyncio.run(scenario())
