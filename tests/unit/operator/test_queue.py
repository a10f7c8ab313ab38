"""The contract of the work queue, point by point, with time handed in."""

import asyncio

import pytest

from shoal.operator.queue import LONGEST_RETRY_S, WorkQueue, work_off
from shoal.testing.clock import VirtualClock

A, B = ("default", "a"), ("default", "b")


def queue_at(clock: VirtualClock, jitter: float = 0.0) -> WorkQueue:
    return WorkQueue(clock.monotonic, lambda: jitter)


def test_keys_come_out_in_the_order_in_which_they_were_added() -> None:
    queue = queue_at(VirtualClock())
    queue.add(B)
    queue.add(A)
    assert (queue.take(), queue.take(), queue.take()) == (B, A, None)


def test_a_key_that_is_added_twice_before_it_is_taken_comes_out_once() -> None:
    queue = queue_at(VirtualClock())
    queue.add(A)
    queue.add(A)
    assert (queue.take(), queue.take()) == (A, None)


def test_a_key_that_is_worked_on_is_not_handed_out_again_before_it_is_done() -> None:
    queue = queue_at(VirtualClock())
    queue.add(A)
    assert queue.take() == A
    queue.add(A)
    queue.add(A)
    assert queue.take() is None
    queue.done(A)
    assert queue.take() == A
    queue.done(A)
    assert queue.take() is None


def test_a_delayed_key_is_ready_when_its_time_has_come() -> None:
    clock = VirtualClock()
    queue = queue_at(clock)
    queue.add_after(A, 5)
    assert queue.take() is None
    assert queue.next_due_s() == 5
    clock.now = 5
    assert queue.take() == A
    assert queue.next_due_s() is None


def test_the_earliest_of_several_delays_holds() -> None:
    clock = VirtualClock()
    queue = queue_at(clock)
    queue.add_after(A, 5)
    queue.add_after(A, 1)
    queue.add_after(A, 9)
    clock.now = 1
    assert queue.take() == A
    queue.done(A)
    clock.now = 20
    assert queue.take() is None


def test_work_now_takes_the_place_of_work_later() -> None:
    clock = VirtualClock()
    queue = queue_at(clock)
    queue.add_after(A, 5)
    queue.add(A)
    assert queue.take() == A
    queue.done(A)
    clock.now = 6
    assert queue.take() is None


def test_each_failure_in_a_row_doubles_the_wait_up_to_a_limit() -> None:
    queue = queue_at(VirtualClock())
    waits = [queue.retry(A) for _ in range(12)]
    assert waits[:4] == [0.25, 0.5, 1.0, 2.0]
    assert waits[-1] == LONGEST_RETRY_S
    assert queue.retry(B) == 0.25


def test_a_success_forgets_the_failures() -> None:
    queue = queue_at(VirtualClock())
    queue.retry(A)
    queue.retry(A)
    queue.worked(A)
    assert queue.retry(A) == 0.25


def test_jitter_spreads_the_retries_of_keys_that_failed_together() -> None:
    assert queue_at(VirtualClock(), jitter=1.0).retry(A) == 0.375


def test_what_the_api_server_asks_to_wait_is_waited() -> None:
    queue = queue_at(VirtualClock())
    assert queue.retry(A, at_least_s=7) == 7


def test_work_is_done_side_by_side_and_what_is_under_way_is_finished_when_it_is_stopped() -> None:
    async def scenario() -> tuple[int, list[str]]:
        queue = WorkQueue(asyncio.get_running_loop().time, lambda: 0.0)
        busiest, now, finished = 0, 0, []
        gate = asyncio.Event()

        async def work(key: tuple[str, str]) -> None:
            nonlocal busiest, now
            now += 1
            busiest = max(busiest, now)
            await gate.wait()
            now -= 1
            finished.append(key[1])

        for name in "abc":
            queue.add(("default", name))
        worker = asyncio.create_task(work_off(queue, work, 2, lambda key, error: None))
        for _ in range(5):
            await asyncio.sleep(0)
        worker.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
        gate.set()
        await asyncio.wait([worker])
        return busiest, finished

    assert asyncio.run(scenario()) == (2, ["a", "b"])


def test_a_key_that_is_due_while_no_one_is_free_costs_nothing() -> None:
    async def scenario() -> int:
        queue = WorkQueue(asyncio.get_running_loop().time, lambda: 0.0)
        looks = 0

        def next_due_s() -> float | None:
            nonlocal looks
            looks += 1
            return WorkQueue.next_due_s(queue)

        queue.next_due_s = next_due_s  # type: ignore[method-assign]

        async def work(key: tuple[str, str]) -> None:
            await asyncio.sleep(0.05)

        queue.add(A)
        worker = asyncio.create_task(work_off(queue, work, 1, lambda key, error: None))
        await asyncio.sleep(0)
        queue.add_after(B, 0.001)
        await asyncio.sleep(0.04)
        worker.cancel()
        await asyncio.wait([worker])
        return looks

    assert asyncio.run(scenario()) < 10


def test_a_delayed_key_wakes_the_worker_by_itself() -> None:
    async def scenario() -> None:
        queue = WorkQueue(asyncio.get_running_loop().time, lambda: 0.0)
        worked = asyncio.Event()

        async def work(key: tuple[str, str]) -> None:
            worked.set()

        worker = asyncio.create_task(work_off(queue, work, 1, lambda key, error: None))
        await asyncio.sleep(0)
        queue.add_after(A, 0.01)
        await asyncio.wait_for(worked.wait(), 5)
        worker.cancel()

    asyncio.run(scenario())


def test_only_what_is_due_before_all_else_wakes_whoever_waits() -> None:
    queue = WorkQueue(lambda: 0.0, lambda: 0.0)
    woken: list[str] = []
    queue.changed = lambda: woken.append("now")
    for key, wait_s in ((("ns", "a"), 5.0), (("ns", "b"), 9.0), (("ns", "c"), 2.0)):
        queue.add_after(key, wait_s)
    assert len(woken) == 2
    assert queue.next_due_s() == 2.0


def test_what_is_not_finished_in_time_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoal.operator.queue.FAREWELL_S", 0.01)
    ended: list[str] = []

    async def work(key: tuple[str, str]) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(key[1])

    async def scenario() -> None:
        queue = WorkQueue(asyncio.get_running_loop().time, lambda: 0.0)
        queue.add(A)
        worker = asyncio.create_task(work_off(queue, work, 1, lambda key, error: None))
        await asyncio.sleep(0.01)
        worker.cancel()
        await asyncio.wait([worker], timeout=5)
        assert worker.cancelled()

    asyncio.run(scenario())
    assert ended == ["a"]
