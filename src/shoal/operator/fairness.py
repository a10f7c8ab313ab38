"""One limit on what is under way at once, shared so that a big cluster takes turns with the small ones."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shoal.backends.kubernetes.store import Key


class FairLimit:
    """Lets ``total`` requests be under way at once. Among those that wait, keys take turns, whatever each waits for.

    A cluster of 500 pods beside 50 clusters of 4 thus gets every 51st place while they wait, and all places afterwards.
    """

    def __init__(self, total: int) -> None:
        self._free = total
        self._waiting: dict[Key, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, key: Key) -> AsyncIterator[None]:
        """Held around one request for ``key``."""
        await self._acquire(key)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, key: Key) -> None:
        if self._free:
            self._free -= 1
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._release()
            raise

    def _release(self) -> None:
        while self._waiting:
            key = next(iter(self._waiting))
            line = self._waiting.pop(key)
            place = line.popleft()
            if line:
                self._waiting[key] = line  # dicts keep the order of insertion: this puts it last
            if not place.cancelled():
                place.set_result(None)
                return
        self._free += 1
