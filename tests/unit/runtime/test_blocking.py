"""Coroutines run to their end by code that is not asynchronous."""

import asyncio
import signal
import threading

import pytest

from shoal.runtime.blocking import finish


async def thread_name() -> str:
    return threading.current_thread().name


async def interrupted(ended: list[str]) -> None:
    """Works until the main thread is interrupted, and says so when it is told."""
    main = threading.main_thread().ident or 0
    asyncio.get_running_loop().call_soon(lambda: signal.pthread_kill(main, signal.SIGINT))
    try:
        await asyncio.sleep(3600)
    finally:
        ended.append("cancelled")


def test_work_runs_in_the_thread_that_asks_where_no_loop_runs() -> None:
    assert finish(thread_name()) == threading.current_thread().name


def test_work_runs_beside_a_loop_that_runs_already() -> None:
    async def notebook() -> str:
        return finish(thread_name())

    assert asyncio.run(notebook()) != threading.current_thread().name


def test_what_the_work_raises_is_raised_beside_a_loop_too() -> None:
    async def fails() -> None:
        raise ValueError("of the work")

    async def notebook() -> None:
        finish(fails())

    with pytest.raises(ValueError, match="of the work"):
        asyncio.run(notebook())


def test_an_interrupt_ends_the_work() -> None:
    ended: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        finish(interrupted(ended))
    assert ended == ["cancelled"]


def test_an_interrupt_ends_the_work_beside_a_loop_before_it_comes_through() -> None:
    ended: list[str] = []

    async def notebook() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a notebook's loop leaves it at that
        try:
            finish(interrupted(ended))
        except KeyboardInterrupt:
            ended.append("interrupted")

    asyncio.run(notebook())
    assert ended == ["cancelled", "interrupted"]
