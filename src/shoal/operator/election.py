"""Take the Lease, keep it, let go of it; and let no write out when it may have run out."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import AlreadyExists, Conflict, NotFound
from shoal.backends.kubernetes.operators import LASTS_S, Lease
from shoal.backends.kubernetes.resources import LEASES
from shoal.backends.kubernetes.transport import Request, Response, Transport
from shoal.errors import ActionFailed
from shoal.install.leases import OURS
from shoal.operator.lease import (
    MARGIN_S,
    RENEW_EVERY_S,
    LeaseLost,
    Sight,
    given_back,
    held,
    is_free,
    seen,
)
from shoal.runtime.clock import Clock

log = logging.getLogger(__name__)

ALWAYS_THERE = "default"
"""The namespace of the Lease where the operator's own does not exist: it runs outside, and nothing is installed yet."""
READS = frozenset(("GET", "HEAD"))


class Election:
    """One candidate. until_s: until when, by our monotonic clock, no other can have begun; 0 before it was elected.

    notes: annotations of the Lease while it is ours.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        identity: str,
        clock: Clock,
        now: Callable[[], datetime],
        notes: Mapping[str, str] | None = None,
    ) -> None:
        self.until_s = 0.0
        self._client = client
        self._namespace = namespace
        self._identity = identity
        self._clock = clock
        self._now = now
        self._notes = dict(notes or {})
        self._lease: Lease | None = None

    async def wait_for_turn(self) -> None:
        """Return once we hold the Lease."""
        sight: Sight | None = None
        while True:
            try:
                sight = await self._look(sight)
                if (sight is None or is_free(sight, self._identity, self._clock.monotonic())) and await self._take():
                    log.info("this operator is at work", extra={"fields": {"identity": self._identity}})
                    return
            except ActionFailed as error:
                log.warning("the Lease can't be looked at: %s", error)
            await self._clock.sleep(RENEW_EVERY_S)

    async def keep(self) -> None:
        """Renew the Lease until cancelled. Raises LeaseLost."""
        while True:
            await self._clock.sleep(RENEW_EVERY_S)
            why = "another operator holds the Lease"
            try:
                kept = await self._take()
            except ActionFailed as error:
                log.warning("the Lease can't be renewed: %s", error)
                kept = self._clock.monotonic() < self.until_s
                why = f"the Lease could not be renewed before it ran out: {error}"
            if not kept:
                raise LeaseLost(why, where=f"{self._namespace}/{OURS}")

    async def let_go(self) -> None:
        """Give the Lease back if it is ours, so that the next operator need not wait."""
        self.until_s = 0.0
        if self._lease is None or self._lease.spec.holder_identity != self._identity:
            return
        try:
            body = given_back(self._lease, self._now())
            await self._client.replace(LEASES, self._namespace, OURS, body, Lease)
        except ActionFailed as error:
            log.warning("the Lease can't be given back: %s", error)

    async def _look(self, sight: Sight | None) -> Sight | None:
        try:
            self._lease = await self._client.get(LEASES, self._namespace, OURS, Lease)
        except NotFound:
            self._lease = None
            return None
        return seen(sight, self._lease, self._clock.monotonic())

    async def _take(self) -> bool:
        """Write that we hold it; whether the API server took that, and no one else was quicker."""
        begun_s = self._clock.monotonic()
        body = held(self._lease, OURS, self._namespace, self._identity, self._now(), self._notes)
        try:
            async with asyncio.timeout(LASTS_S - MARGIN_S):
                if self._lease is None:
                    self._lease = await self._client.create(LEASES, self._namespace, body, Lease)
                else:
                    self._lease = await self._client.replace(LEASES, self._namespace, OURS, body, Lease)
        except TimeoutError:
            return False
        except (AlreadyExists, Conflict):
            return await self._is_still_ours()
        except NotFound as error:
            return await self._take_elsewhere(error)
        self.until_s = begun_s + LASTS_S - MARGIN_S
        return True

    async def _take_elsewhere(self, error: NotFound) -> bool:
        """What was not found is a Lease that was deleted just now, or the namespace that it was to be made in."""
        if self._lease is not None or self._namespace == ALWAYS_THERE:
            raise error
        log.warning("there is no namespace %s: the Lease is in %s", self._namespace, ALWAYS_THERE)
        self._namespace = ALWAYS_THERE
        sight = await self._look(None)
        return (sight is None or is_free(sight, self._identity, self._clock.monotonic())) and await self._take()

    async def _is_still_ours(self) -> bool:
        """After a conflict: our own earlier write may have arrived although its answer didn't."""
        self._lease = await self._client.get(LEASES, self._namespace, OURS, Lease)
        ours = self._lease.spec.holder_identity == self._identity
        return ours and self._clock.monotonic() < self.until_s


class Fenced:
    """A Transport that lets writes out only while no other operator can have begun."""

    def __init__(self, transport: Transport, election: Election, clock: Clock) -> None:
        self._transport = transport
        self._election = election
        self._clock = clock

    async def send(self, request: Request) -> Response:
        """Raises LeaseLost for a write that is not over before the Lease may run out."""
        if request.method in READS:
            return await self._transport.send(request)
        left_s = self._election.until_s - self._clock.monotonic()
        if left_s > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    return await self._transport.send(request)
        raise LeaseLost("the Lease may have run out", where=OURS)

    def stream(self, request: Request) -> AbstractAsyncContextManager[tuple[Response, AsyncIterator[bytes]]]:
        """As the transport itself does: only reads go on like that."""
        return self._transport.stream(request)
