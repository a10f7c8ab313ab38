"""Requests that come together are answered in one go.

As `ray.serve.batch`, but for what that costs a request: it keeps six metrics of each batch and waits by timers, which
takes longer than it takes to predict for a row.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass
class _Batch(Generic[Asked, Answer]):
    """Calls that are answered in one go."""

    asked: list[Asked] = field(default_factory=list)
    full: asyncio.Event = field(default_factory=asyncio.Event)
    answers: asyncio.Task[Sequence[Answer]] | None = None


class Gathering(Generic[Asked, Answer]):
    """Calls of one event loop, gathered.

    answer: gives an answer to each of some calls, in order; it is called in the loop.
    most: calls that are answered in one go.
    wait_s: how long the first of them is held back for more to come. 0: those that have come by now, and no others.
    """

    def __init__(self, answer: Callable[[list[Asked]], Sequence[Answer]], *, most: int, wait_s: float) -> None:
        self._answer = answer
        self._most = most
        self._wait_s = wait_s
        self._open: _Batch[Asked, Answer] | None = None

    async def __call__(self, asked: Asked) -> Answer:
        """The answer to this call. What ``answer`` raises, every call that was gathered with it does."""
        batch = self._open = self._open or _Batch()
        place = len(batch.asked)
        batch.asked.append(asked)
        if batch.answers is None:
            batch.answers = asyncio.create_task(self._answers(batch))
        if len(batch.asked) >= self._most:
            self._open = None
            batch.full.set()
        return (await asyncio.shield(batch.answers))[place]  # who gives up takes none of the others along

    async def _answers(self, batch: _Batch[Asked, Answer]) -> Sequence[Answer]:
        if self._wait_s:
            with suppress(TimeoutError):
                await asyncio.wait_for(batch.full.wait(), self._wait_s)
        if self._open is batch:
            self._open = None
        return self._answer(batch.asked)
