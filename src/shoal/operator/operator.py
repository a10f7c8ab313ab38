"""The parts of an operator, put together."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from shoal.backends.kubernetes.apply import Applier
from shoal.backends.kubernetes.cache import WATCHED, Cache
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.feed import Feed
from shoal.backends.kubernetes.resources import PODS, RAYCLUSTERS, ROUTES
from shoal.backends.kubernetes.store import Key
from shoal.backends.kubernetes.transport import Transport
from shoal.desired.cluster import DesiredCluster
from shoal.engine.gcs_async import GcsCalls
from shoal.errors import ActionFailed
from shoal.operator.askray import AskRay
from shoal.operator.controller import Controller, crowd
from shoal.operator.fairness import FairLimit
from shoal.operator.keys import Keys
from shoal.operator.logs import CONTEXT, Context
from shoal.operator.numbers import Numbers
from shoal.operator.options import Options
from shoal.operator.pace import Pace
from shoal.operator.queue import WorkQueue, work_off
from shoal.operator.rayviews import RayViews
from shoal.runtime.clock import Clock, SystemClock
from shoal.world import kubernetes as world
from shoal.world.kubernetes import Observed, Pod, Shared

log = logging.getLogger(__name__)

SETTLE_S = 0.2
"""Between an event and the look at its cluster: pods that are made together change together."""
COMING_S = 1.0
"""The same where pods are on their way to being ready, and others of their cluster are, too: more is to follow."""
LONGEST_COMING_S = 20.0
"""COMING_S when many clusters are on their way: looking at them would hold up what is looked at."""


def utc_now() -> datetime:
    """The time of day."""
    return datetime.now(UTC)


class Operator:
    """Everything between the API server and ``shoal.reconcile``. clock, now: for tests."""

    def __init__(
        self,
        transport: Transport,
        gcs: GcsCalls,
        options: Options,
        clock: Clock | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        clock = clock or SystemClock()
        self.numbers = Numbers()
        client = Client(self.numbers.counted(transport), sleep=clock.sleep)
        self.queue = WorkQueue(clock.monotonic, random.random)
        self.cache = Cache(self._wake, options.namespaces)
        self.feeds = tuple(_feeds(client, self.cache, clock, options))
        self._keys = keys = Keys(client, self.cache, now)
        self._ask = ask = AskRay(keys, gcs, now)
        self._limit = FairLimit(options.requests)
        self._side_by_side = options.concurrency
        self._starting: set[Key] = set()
        self._pace = Pace(self._starting, clock)
        applier = Applier(client, self.cache, self._turn, self._drain, now, keys)
        views = RayViews(ask.view, self.queue.add_after, clock.monotonic)
        self.controller = Controller(
            client, self.cache, applier, views, self.queue, options.settings, now, self._starting, keys, self._forget
        )

    async def follow(self) -> None:
        """Keep the caches up to date until cancelled."""
        async with asyncio.TaskGroup() as group:
            for feed in self.feeds:
                group.create_task(feed.follow())

    async def work(self) -> None:
        """Take every cluster to its spec until cancelled; what is under way then is finished."""
        for feed in self.feeds:
            await feed.synced.wait()
        log.info("everything is listed", extra={"fields": {"clusters": len(self.cache.store)}})
        await work_off(self.queue, self._step, self._side_by_side, self._raised)

    def healthz(self) -> tuple[int, str]:
        """Whether starting the process anew would help: a watch is deaf."""
        deaf = [feed.resource.plural for feed in self.feeds if feed.is_deaf()]
        return (503, f"no word about {', '.join(deaf)}\n") if deaf else (200, "ok\n")

    def readyz(self) -> tuple[int, str]:
        """Whether everything is listed; else what isn't, and why."""
        missing = [f"{feed.resource.plural}: {feed.error}" for feed in self.feeds if not feed.synced.is_set()]
        return (503, "not listed yet\n" + "\n".join(missing) + "\n") if missing else (200, "ok\n")

    def metrics(self) -> tuple[int, str]:
        """For Prometheus."""
        return 200, self.numbers.text(self.cache.store, self.queue)

    async def _step(self, key: Key) -> None:
        with self.numbers.reconciling(lambda: self.queue.failures(key) > 0):
            await self.controller.step(key)

    async def _drain(self, observed: Observed, desired: DesiredCluster, ray_id: str, deadline_s: int) -> bool:
        try:
            is_idle = await self._ask.drain(observed, desired, ray_id, deadline_s)
        except ActionFailed:
            self.numbers.drains.add(result="failed")
            raise
        self.numbers.drains.add(result="told")
        return is_idle

    @asynccontextmanager
    async def _turn(self, key: Key) -> AsyncIterator[None]:
        await self._pace.wait(key)
        async with self._limit.turn(key):
            yield

    def _forget(self, key: Key) -> None:
        self._ask.forget(key)
        self._pace.forget(key)

    def _wake(self, key: Key, soon: bool) -> None:
        coming_s = min(LONGEST_COMING_S, COMING_S * crowd(self._starting))
        self.queue.add_after(key, SETTLE_S if soon else coming_s)

    def _raised(self, key: Key, error: BaseException) -> None:
        CONTEXT.set(Context("", *key))
        self.numbers.raised.add()
        log.error("a defect: this cluster is tried again later", exc_info=error)
        self.queue.retry(key, 30.0)


def _feeds(client: Client, cache: Cache, clock: Clock, options: Options) -> Iterator[Feed[Any]]:
    shared = {**WATCHED, ROUTES.kind: ROUTES} if options.settings.has_routes else WATCHED
    for scope in cache.namespaces:
        monotonic, sleep = clock.monotonic, clock.sleep
        yield Feed(client, RAYCLUSTERS, world.Resource, cache.resources(scope), scope, monotonic, sleep)
        yield Feed(client, PODS, Pod, cache.pods(scope), scope, monotonic, sleep)
        for kind, resource in shared.items():
            yield Feed(client, resource, Shared, cache.shared(kind, scope), scope, monotonic, sleep)
