"""Which keys need work, and when. A key is worked on by one at a time; what is asked meanwhile is done once, after."""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import TypeAlias

from shoal.backends.kubernetes.store import Key

Monotonic: TypeAlias = Callable[[], float]

FAREWELL_S = 20.0
"""For what is under way when all is to end: less than the operator's pod is given, of which something is left then."""
FIRST_RETRY_S = 0.25
LONGEST_RETRY_S = 120.0


class WorkQueue:
    """Keys that need work, the one that has waited longest first.

    - A key that is added several times before it is taken is handed out once.
    - A key that is taken isn't handed out again before it is done; if it was added meanwhile, it is ready then.
    - A key has one moment at which it is looked at again, the earliest that was asked for since it was taken last.
    - Each failure in a row doubles the wait of that key, up to LONGEST_RETRY_S.

    monotonic: seconds. jitter: 0 to 1, spreads the retries of keys that failed together.
    """

    def __init__(self, monotonic: Monotonic, jitter: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._jitter = jitter
        self._ready: deque[Key] = deque()
        self._dirty: set[Key] = set()
        self._processing: set[Key] = set()
        self._due: dict[Key, float] = {}
        self._timeline: list[tuple[float, Key]] = []
        self._failures: dict[Key, int] = {}
        self.changed: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._dirty)

    @property
    def processing(self) -> int:
        """How many keys are worked on."""
        return len(self._processing)

    def add(self, key: Key) -> None:
        """``key`` needs work now."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._ready.append(key)
            self.changed()

    def add_after(self, key: Key, seconds: float) -> None:
        """``key`` needs work in ``seconds``, if nothing asks for it earlier."""
        if seconds <= 0:
            self.add(key)
            return
        due = self._monotonic() + seconds
        if due < self._due.get(key, float("inf")):
            self._due[key] = due
            heapq.heappush(self._timeline, (due, key))
            if self._timeline[0] == (due, key):  # else whoever waits is woken early enough as it is
                self.changed()

    def retry(self, key: Key, at_least_s: float = 0) -> float:
        """``key`` failed: it needs work again after a while. The wait in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        backoff = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures, 30))
        wait = max(at_least_s, backoff) * (1 + self._jitter() / 2)
        self.add_after(key, wait)
        return wait

    def failures(self, key: Key) -> int:
        """How often ``key`` has failed in a row."""
        return self._failures.get(key, 0)

    def worked(self, key: Key) -> None:
        """``key`` did not fail: its next failure counts as the first."""
        self._failures.pop(key, None)

    def take(self) -> Key | None:
        """The next key to work on, which the caller says ``done`` of; None if there is none now."""
        for key in self._passed():
            self.add(key)
        if not self._ready:
            return None
        key = self._ready.popleft()
        self._dirty.discard(key)
        self._due.pop(key, None)
        self._processing.add(key)
        return key

    def done(self, key: Key) -> None:
        """``key`` isn't worked on any more."""
        self._processing.discard(key)
        if key in self._dirty:
            self._ready.append(key)
        self.changed()

    def next_due_s(self) -> float | None:
        """Seconds until a key that waits is ready; None if none waits."""
        while self._timeline and self._due.get(self._timeline[0][1]) != self._timeline[0][0]:
            heapq.heappop(self._timeline)
        return max(0.0, self._timeline[0][0] - self._monotonic()) if self._timeline else None

    def _passed(self) -> Iterator[Key]:
        while self.next_due_s() == 0.0:
            _, key = heapq.heappop(self._timeline)
            del self._due[key]
            yield key


async def work_off(
    queue: WorkQueue,
    work: Callable[[Key], Coroutine[None, None, None]],
    side_by_side: int,
    raised: Callable[[Key, BaseException], None],
) -> None:
    """Hand each key to ``work``, ``side_by_side`` at once, until cancelled; what is under way then is finished first.

    It has FAREWELL_S for that: what is cut off is what a crash would cut off, and whoever comes next goes on with it.
    raised: told of a key whose work has raised, which must not end the work of the others.
    """
    wake = asyncio.Event()
    queue.changed = wake.set
    running: dict[asyncio.Task[None], Key] = {}

    def ended(task: asyncio.Task[None]) -> None:
        key = running.pop(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            raised(key, error)
        queue.done(key)

    try:
        while True:
            wake.clear()
            while len(running) < side_by_side and (key := queue.take()) is not None:
                task = asyncio.create_task(work(key))
                running[task] = key
                task.add_done_callback(ended)
            # With no one free, what becomes due has to wait for someone anyway.
            await _wait(wake, queue.next_due_s() if len(running) < side_by_side else None)
    finally:
        if running:
            _, late = await asyncio.wait(running, timeout=FAREWELL_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def _wait(wake: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return
