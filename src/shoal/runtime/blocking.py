"""Coroutines run to their end by code that is not asynchronous."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


def finish(work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, also where an event loop runs already, as in a notebook.

    An exception here, such as that of Ctrl-C, cancels ``work`` and waits for its end first.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return _beside_the_loop(work)


def _beside_the_loop(work: Coroutine[Any, Any, T]) -> T:
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    loop = runner.get_loop()

    def run() -> T:
        with runner:
            return runner.run(work)

    with ThreadPoolExecutor(1, "shoal") as thread:
        thread.submit(int).result()  # makes it start: an interrupt within that would leave the work running
        try:
            return thread.submit(run).result()
        finally:
            with suppress(RuntimeError):  # the loop is closed: it has ended by itself
                loop.call_soon_threadsafe(_cancel_all, loop)


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
