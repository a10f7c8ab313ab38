"""An event loop in a thread of its own, for verbs that are not asynchronous and connections that outlive one call."""

import asyncio
import atexit
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


_open: "list[Portal]" = []


def close_all() -> None:
    """End every portal of this process. Safe to repeat."""
    while _open:
        _open.pop().close()


atexit.register(close_all)


class Portal:
    """Coroutines run to their end beside the caller's thread. It ends with the process, or by ``close``."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="shoal-kubernetes", daemon=True)
        self._thread.start()
        self._at_end: list[Callable[[], Awaitable[None]]] = []
        _open.append(self)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``. An exception here, such as that of Ctrl-C, cancels it and waits for its end."""
        future = self.start(work)
        try:
            return future.result()
        except BaseException:
            if future.cancel():
                self._settle()
            raise

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``, for a caller in another event loop."""
        return await asyncio.wrap_future(self.start(work))

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Begin ``work`` and don't wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def at_end(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do ``work`` when this is closed, the last one first."""
        self._at_end.append(work)

    def close(self) -> None:
        """End everything that still runs, then the thread. Safe to repeat."""
        if self._loop.is_closed():
            return
        self.start(self._wind_up()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _wind_up(self) -> None:
        mine = asyncio.current_task()
        left = [task for task in asyncio.all_tasks() if task is not mine]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for work in reversed(self._at_end):
            await work()

    def _settle(self) -> None:
        """Let a cancelled coroutine put its things away."""
        self.start(asyncio.sleep(0)).result()
