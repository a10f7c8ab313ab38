"""A feed keeps its collection true through everything that watches meet."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shoal.backends.kubernetes.client import Client, Ignored
from shoal.backends.kubernetes.feed import DEAF_S, SILENT_S, Feed
from shoal.backends.kubernetes.resources import PODS, RAYCLUSTERS
from shoal.backends.kubernetes.store import Store
from shoal.testing.clock import VirtualClock
from shoal.testing.fakeapi import NOT_DONE, FakeApi, Fault
from shoal.world.kubernetes import CLUSTER, Pod, Resource

Scenario = Callable[["Fed"], Awaitable[None]]


class Clock(VirtualClock):
    """Sleeping lets others run."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        await asyncio.sleep(0)


class Fed:
    """A fake API server, and a feed of its pods that runs."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.api = FakeApi()
        self.client = Client(self.api, sleep=self.clock.sleep, jitter=lambda: 0.0)
        self.pods = Store(lambda key, soon: None).collection("Pod", Pod)
        self.feed = Feed(self.client, PODS, Pod, self.pods, "default", self.clock.monotonic, self.clock.sleep)

    async def create(self, name: str, label: str = "demo") -> None:
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {CLUSTER: label} if label else {}},
            "spec": {"containers": [{"name": "ray", "image": "ray"}]},
        }
        await self.client.create(PODS, "default", body, Ignored)

    async def shows(self, *names: str) -> None:
        """Let the feed run until the collection holds these pods and no others."""
        for turn in range(100):
            if turn > 10 and sorted(pod.metadata.name for pod in self.pods) == sorted(names):
                return
            await asyncio.sleep(0)
        raise AssertionError(sorted(pod.metadata.name for pod in self.pods))

    def asked(self, verb: str) -> int:
        return sum(seen.verb == verb for seen in self.api.requests)


def play(scenario: Scenario) -> Fed:
    fed = Fed()

    async def whole() -> None:
        following = asyncio.create_task(fed.feed.follow())
        await scenario(fed)
        following.cancel()
        await asyncio.wait([following])

    asyncio.run(whole())
    return fed


def test_what_is_there_is_listed_and_what_comes_is_watched() -> None:
    async def scenario(fed: Fed) -> None:
        await fed.create("before")
        await fed.shows("before")
        await fed.create("after")
        await fed.create("of-nobody", label="")
        await fed.shows("after", "before")
        await fed.client.delete(PODS, "default", "before", grace_s=0)
        await fed.shows("after")

    fed = play(scenario)
    assert fed.feed.synced.is_set()
    assert (fed.asked("list"), fed.asked("watch")) == (1, 1)


def test_a_watch_that_ends_goes_on_where_it_was_without_a_list() -> None:
    async def scenario(fed: Fed) -> None:
        await fed.shows()
        fed.api.end_watches()
        await fed.create("a")
        await fed.shows("a")

    fed = play(scenario)
    assert fed.asked("list") == 1
    assert fed.asked("watch") >= 2


def test_a_watch_that_has_lost_its_place_lists_again() -> None:
    async def scenario(fed: Fed) -> None:
        await fed.create("a")
        await fed.shows("a")
        fed.api.expire_watches()
        await fed.create("b")
        await fed.shows("a", "b")

    assert play(scenario).asked("list") == 2


def test_what_was_deleted_while_nobody_watched_is_gone_after_the_next_list() -> None:
    async def scenario(fed: Fed) -> None:
        await fed.create("a")
        await fed.shows("a")
        fed.api.deaf = True
        await fed.client.delete(PODS, "default", "a", grace_s=0)
        fed.api.deaf = False
        fed.api.expire_watches()
        await fed.shows()

    play(scenario)


@pytest.mark.parametrize("fault", [NOT_DONE, Fault(403), Fault(500)], ids=["unreachable", "forbidden", "broken"])
def test_a_list_that_fails_is_tried_again_and_its_error_is_told_meanwhile(fault: Fault) -> None:
    errors: list[str] = []

    async def scenario(fed: Fed) -> None:
        fed.api.faults = lambda request, number: fault if number < 12 and request.method == "GET" else None
        for _ in range(60):
            await asyncio.sleep(0)
            errors.append(fed.feed.error)
        await fed.create("a")
        await fed.shows("a")

    fed = play(scenario)
    assert any(errors)
    assert fed.feed.error == ""
    assert fed.clock.now > 0


def test_who_runs_an_operator_without_the_definitions_is_told_of_them() -> None:
    async def scenario(fed: Fed) -> None:
        fed.api.faults = lambda request, number: Fault(404)
        clusters = Store(lambda key, soon: None).collection("RayCluster", Resource)
        feed = Feed(fed.client, RAYCLUSTERS, Resource, clusters, "", fed.clock.monotonic, fed.clock.sleep)
        following = asyncio.create_task(feed.follow())
        for _ in range(10):
            await asyncio.sleep(0)
        following.cancel()
        assert "`shoal operator crds" in feed.error

    play(scenario)


def test_a_bookmark_moves_the_place_from_which_the_next_watch_goes_on() -> None:
    async def scenario(fed: Fed) -> None:
        await fed.shows()
        for name in "abc":
            await fed.create(name, label="")
        fed.api.bookmark()
        for _ in range(5):
            await asyncio.sleep(0)
        fed.api.compact()
        fed.api.end_watches()
        await fed.create("d")
        await fed.shows("d")

    assert play(scenario).asked("list") == 1


def test_a_watch_that_says_nothing_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoal.backends.kubernetes.feed.SILENT_S", 0.01)

    async def scenario(fed: Fed) -> None:
        await fed.shows()
        fed.api.deaf = True
        await fed.create("a")
        await asyncio.sleep(0.015)
        fed.api.deaf = False
        await asyncio.sleep(0.03)
        await fed.shows("a")

    assert play(scenario).asked("list") == 1


def test_watches_that_are_cut_off_at_once_are_not_opened_in_a_hurry() -> None:
    async def scenario(fed: Fed) -> None:
        await fed.shows()
        for _ in range(20):
            fed.api.end_watches()
            for _ in range(10):
                await asyncio.sleep(0)

    fed = play(scenario)
    assert fed.asked("watch") > 5
    assert fed.clock.now >= 0.25 * (fed.asked("watch") - 2)


def test_a_feed_whose_watches_say_nothing_again_and_again_is_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoal.backends.kubernetes.feed.SILENT_S", 0.001)

    async def scenario(fed: Fed) -> None:
        await fed.shows()
        fed.api.deaf = True
        fed.clock.now += DEAF_S + 1
        watches = fed.asked("watch")
        for _ in range(1000):
            await asyncio.sleep(0.001)
            if fed.asked("watch") >= watches + 2:
                break
        assert fed.feed.is_deaf()

    play(scenario)


def test_a_feed_that_does_not_even_try_is_deaf() -> None:
    fed = Fed()
    assert not fed.feed.is_deaf()
    fed.clock.now = DEAF_S + 1
    assert fed.feed.is_deaf()
    assert SILENT_S < DEAF_S
