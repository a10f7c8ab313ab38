"""A big cluster waits a little for small ones that are on their way."""

from collections.abc import Set as AbstractSet

from shoal.backends.kubernetes.store import Key
from shoal.runtime.clock import Clock

WRITES_A_SECOND = 20
AT_ONCE = 10
"""More than a small cluster needs before all its pods are made: none of those ever waits."""
LOOK_S = 0.5


class Pace:
    """Lets each cluster write without a pause when no other is on its way, else AT_ONCE and then so many a second.

    Turns at the API server (fairness.py) are not enough: 500 pods that are made in the pauses of others take the
    scheduler and the nodes from them.

    starting: the clusters that are on their way; read at each turn.
    """

    def __init__(self, starting: AbstractSet[Key], clock: Clock) -> None:
        self._starting = starting
        self._clock = clock
        self._booked_s: dict[Key, float] = {}

    async def wait(self, key: Key) -> None:
        """Return when ``key`` may write."""
        if self._is_alone(key):
            self._booked_s.pop(key, None)
            return
        earliest_s = self._clock.monotonic() - AT_ONCE / WRITES_A_SECOND
        moment_s = self._booked_s[key] = max(self._booked_s.get(key, earliest_s), earliest_s) + 1 / WRITES_A_SECOND
        while not self._is_alone(key) and (left_s := moment_s - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(left_s, LOOK_S))

    def forget(self, key: Key) -> None:
        """The cluster is gone."""
        self._booked_s.pop(key, None)

    def _is_alone(self, key: Key) -> bool:
        return not self._starting or self._starting == {key}
