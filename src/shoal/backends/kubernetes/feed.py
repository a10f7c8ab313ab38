"""Keeps one collection up to date: lists, then watches, and lists again when the watch has lost its place."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Generic, TypeVar

from shoal.backends.kubernetes.client import Bookmark, Client
from shoal.backends.kubernetes.collection import Collection
from shoal.backends.kubernetes.errors import Gone, NotFound
from shoal.backends.kubernetes.resources import RAYCLUSTERS, Resource
from shoal.errors import ActionFailed
from shoal.world import kubernetes as world
from shoal.world.kubernetes import CLUSTER, Pod, Shared

log = logging.getLogger(__name__)

T = TypeVar("T", Pod, Shared, world.Resource)

SILENT_S = 150.0
"""A watch is told about once a minute how far it is. Silent for longer than this, its connection is dead."""
DEAF_S = 300.0
"""Neither a word from the server nor a refusal for this long: whoever should listen does not."""
ONE_WATCH_S = 600
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
UNDEFINED = "the API server knows no such kind: `shoal operator crds | kubectl apply -f -` defines it"


class Feed(Generic[T]):
    """One list and watch, of one kind in one namespace ("" for all).

    error: why it can't list or watch now, "" if it can. synced: set once the first list is in.
    monotonic: seconds. sleep: how to wait, in seconds.
    jitter: a number from 0 to 1 that spreads the waits of many.
    """

    def __init__(
        self,
        client: Client,
        resource: Resource,
        type_: type[T],
        collection: Collection[T],
        namespace: str,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.resource = resource
        self.namespace = namespace
        self.collection: Collection[T] = collection
        self.error = ""
        self.synced = asyncio.Event()
        self._client = client
        self._type: type[T] = type_
        self._labels = "" if type_ is world.Resource else CLUSTER
        self._monotonic = monotonic
        self._sleep = sleep
        self._jitter = jitter
        self._alive_s = monotonic()
        self._wait_s = FIRST_WAIT_S

    def is_deaf(self) -> bool:
        """Whether there was neither a word from the server nor an error for too long: a restart may help."""
        return self._monotonic() - self._alive_s > DEAF_S

    async def follow(self) -> None:
        """List and watch until cancelled."""
        version = ""
        while True:
            try:
                if not version:
                    version = await self.list()
                began_s = self._monotonic()
                version = await self.watch(version)
                if self._monotonic() - began_s < FIRST_WAIT_S:  # something in between cuts watches off
                    await self._pause()
            except Gone:
                version = ""
            except ActionFailed as error:
                await self._wait_after(error)

    async def list(self) -> str:
        """Fill the collection with what there is; the version from which a watch goes on."""
        listed = await self._client.list(self.resource, self._type, namespace=self.namespace, labels=self._labels)
        self.collection.listed(listed.items, listed.version)
        self.synced.set()
        self._heard()
        return listed.version

    async def watch(self, version: str) -> str:
        """Follow one watch to its end; the version it has reached."""
        events = self._client.watch(
            self.resource,
            self._type,
            version,
            namespace=self.namespace,
            labels=self._labels,
            timeout_s=ONE_WATCH_S,
        )
        try:
            async with asyncio.timeout(SILENT_S) as silence, aclosing(events):
                async for event in events:
                    self._heard()
                    _put_off(silence)
                    if isinstance(event, Bookmark):
                        version = event.version
                        self.collection.reached(version)
                    else:
                        version = event.object.metadata.resource_version
                        self.collection.happened(event.type, event.object)
            self._heard()
        except TimeoutError:
            log.warning("a watch of %s was silent; it is opened again", self.resource.plural)
        return version

    def _heard(self) -> None:
        self._alive_s = self._monotonic()
        self._wait_s = FIRST_WAIT_S
        self.error = ""

    async def _wait_after(self, error: ActionFailed) -> None:
        is_undefined = isinstance(error, NotFound) and self.resource is RAYCLUSTERS
        self.error = UNDEFINED if is_undefined else str(error)
        self._alive_s = self._monotonic()
        log.warning("can't list or watch %s: %s", self.resource.plural, self.error)
        await self._pause()

    async def _pause(self) -> None:
        await self._sleep(self._wait_s * (0.5 + self._jitter()))
        self._wait_s = min(LONGEST_WAIT_S, 2 * self._wait_s)


def _put_off(silence: asyncio.Timeout) -> None:
    """Wait for ``SILENT_S`` from now on, to the second: events come by the thousand, and a timer costs to move."""
    end = asyncio.get_running_loop().time() + SILENT_S
    if end - (silence.when() or 0.0) > 1:
        silence.reschedule(end)
