"""One operator's process: its caches, its queue and its controller, without the network and without waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from operator_sim.ray import Ray
from shoal.backends.kubernetes.apply import Applier
from shoal.backends.kubernetes.cache import WATCHED, Cache
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.feed import Feed
from shoal.backends.kubernetes.resources import PODS, RAYCLUSTERS
from shoal.backends.kubernetes.transport import Request, Response
from shoal.desired.kubernetes.settings import Settings
from shoal.errors import ActionFailed
from shoal.operator.askray import AskRay
from shoal.operator.controller import Controller
from shoal.operator.fairness import FairLimit
from shoal.operator.keys import Keys
from shoal.operator.queue import WorkQueue
from shoal.operator.rayviews import RayViews
from shoal.testing.clock import VirtualClock
from shoal.testing.fakeapi import FakeApi
from shoal.world.kubernetes import Pod, Resource, Shared

STEPS = 400
"""More than any scenario needs: an operator that takes as many doesn't come to rest."""


class Crash(BaseException):
    """The operator's process ends here."""


class Line:
    """An operator's connection. Whatever a process still has under way when it ends, nothing of it is sent."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api
        self._dead = False

    async def send(self, request: Request) -> Response:
        """As FakeApi does, while the process lives."""
        if self._dead:
            raise Crash
        try:
            return await self._api.send(request)
        except Crash:
            self._dead = True
            raise

    def stream(self, request: Request) -> AbstractAsyncContextManager[tuple[Response, AsyncIterator[bytes]]]:
        """As FakeApi does."""
        return self._api.stream(request)


class Operator:
    """Sees what the API server showed at the last ``look``, and acts on it."""

    def __init__(self, api: FakeApi, clock: VirtualClock, ray: Ray, settings: Settings | None = None) -> None:
        self.api = api
        self.clock = clock
        self.queue = WorkQueue(clock.monotonic, lambda: 0.0)
        self.client = Client(Line(api), sleep=clock.sleep, jitter=lambda: 0.0)
        self.cache = Cache(lambda key, soon: self.queue.add(key))
        keys = Keys(self.client, self.cache, self._now)
        ask = AskRay(keys, ray, self._now)
        self.ray = RayViews(ask.view, self.queue.add_after, clock.monotonic)
        applier = Applier(self.client, self.cache, FairLimit(8).turn, ask.drain, self._now, keys)
        self.controller = Controller(
            self.client, self.cache, applier, self.ray, self.queue, settings or Settings(), self._now, set(), keys
        )
        self._feeds = list(self._make_feeds())

    async def look(self, stale: int = 0) -> None:
        """Bring the caches to what the API server shows, ``stale`` versions ago."""
        self.api.stale(stale)
        try:
            for feed in self._feeds:
                await feed.list()
        except ActionFailed:
            return  # it looks again later
        finally:
            self.api.stale(0)
        self.doubt()

    def doubt(self) -> None:
        """Every cluster is looked at again, whether anything has changed or not."""
        for resource in list(self.cache.resources("")):
            self.queue.add((resource.metadata.namespace, resource.metadata.name))

    async def work(self) -> int:
        """Do all that is due, and what comes due of it at once; how many steps that took.

        Nothing before it has once seen all there is: half a picture lacks pods that another operator has made.
        """
        if not all(feed.synced.is_set() for feed in self._feeds):
            return 0
        for steps in range(STEPS):
            key = self.queue.take()
            if key is None:
                return steps
            try:
                await self.controller.step(key)
                await asyncio.sleep(0)  # lets questions to Ray be answered
            finally:
                self.queue.done(key)
        raise AssertionError("the operator does not come to rest")

    def _make_feeds(self) -> Any:
        def feed(resource: Any, type_: Any, collection: Any) -> Feed[Any]:
            return Feed(self.client, resource, type_, collection, "", self.clock.monotonic)

        yield feed(RAYCLUSTERS, Resource, self.cache.resources(""))
        yield feed(PODS, Pod, self.cache.pods(""))
        for kind, resource in WATCHED.items():
            yield feed(resource, Shared, self.cache.shared(kind, ""))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now, UTC)
