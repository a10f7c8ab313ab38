"""What Ray itself says of each cluster: asked beside the reconciles, never within one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from msgspec.structs import replace

from shoal.backends.kubernetes.store import Key
from shoal.desired.cluster import DesiredCluster
from shoal.plan.left_behind import PATIENCE_S
from shoal.world.from_kubernetes import is_ready, may_answer
from shoal.world.kubernetes import DRAIN, Observed, RayView

Ask: TypeAlias = Callable[[Observed, DesiredCluster], Awaitable[RayView]]
"""Asks one cluster's GCS; whatever goes wrong is in ``error``. The first time it must not wait for long."""

ASKED_AT_ONCE = 32
CALM_S = 120.0
"""Between questions while Ray and Kubernetes agree."""
DRAINING_S = 2.0
"""Between questions while a node is drained: it goes as soon as Ray has let go of it."""
FIRST_WAIT_S = 1.0
NEVER_ANSWERED_S = 8.0
"""The first wait where Ray has not answered yet, and its pod is Ready: what is in the way won't be gone at once."""
LONGEST_WAIT_S = 60.0
BROKEN = RayView(error="the operator failed in asking Ray; its own log says why")
BELIEVED_WITHOUT_ANSWER = 3
"""Failures in a row after which an earlier answer isn't believed any more: one lost packet is no news."""


class _Memory:
    """Of one cluster. missing: since when pods have not been alive in any answer."""

    __slots__ = ("about", "asked_s", "asking", "due_s", "failures", "missing", "view")

    def __init__(self) -> None:
        self.view: RayView | None = None
        self.about: frozenset[str] = frozenset()
        self.missing: dict[str, float] = {}
        self.due_s = 0.0
        self.asked_s = 0.0
        self.failures = 0
        self.asking: asyncio.Task[None] | None = None


class RayViews:
    """The last answer of every cluster's GCS, renewed when its ready pods change, and now and then.

    look_after: called with the key of a cluster that is to be looked at in so many seconds: at once if its answer has
    changed, else when it is time for the next question.
    """

    def __init__(self, ask: Ask, look_after: Callable[[Key, float], None], monotonic: Callable[[], float]) -> None:
        self._ask = ask
        self._look_after = look_after
        self._monotonic = monotonic
        self._limit = asyncio.Semaphore(ASKED_AT_ONCE)
        self._memories: dict[Key, _Memory] = {}

    def view(self, key: Key) -> RayView | None:
        """The last answer; None if there is none, or there was no one to ask."""
        memory = self._memories.get(key)
        return memory.view if memory else None

    def is_first_question_open(self, key: Key) -> bool:
        """Whether the very first answer is about to come: what is said before it would soon be wrong."""
        memory = self._memories.get(key)
        return memory is not None and memory.view is None and memory.asking is not None

    def look(self, key: Key, observed: Observed, desired: DesiredCluster) -> float | None:
        """Ask if there is reason to, beside; seconds until there will be, None if there is no one to ask."""
        ready = frozenset(pod.metadata.name for pod in observed.pods if is_ready(pod))
        head = next((pod for pod in observed.pods if desired.head and pod.metadata.name == desired.head.name), None)
        if head is None or not may_answer(head, observed.pods):
            self.forget(key)
            return None
        memory = self._memories.setdefault(key, _Memory())
        if memory.asking is not None:
            return None
        answers = memory.view is None or not memory.view.error
        if ready != memory.about and (answers or head.metadata.name in ready - memory.about):
            memory.due_s, memory.failures = 0.0, 0
        wait_s = memory.due_s - self._monotonic()
        if any(DRAIN in pod.metadata.annotations for pod in observed.pods):
            wait_s = min(wait_s, memory.asked_s + DRAINING_S - self._monotonic())
        idle = desired.lifecycle.idle
        if idle is not None and memory.view is not None and memory.view.idle_s is not None:
            wait_s = min(wait_s, memory.asked_s + max(1, idle.after_s - memory.view.idle_s) - self._monotonic())
        if wait_s > 0:
            return wait_s
        memory.asked_s = self._monotonic()
        memory.about = ready
        memory.asking = asyncio.create_task(self._renew(key, memory, observed, desired))
        return None

    def forget(self, key: Key) -> None:
        """There is no one to ask any more."""
        memory = self._memories.pop(key, None)
        if memory is not None and memory.asking is not None:
            memory.asking.cancel()

    async def _renew(self, key: Key, memory: _Memory, observed: Observed, desired: DesiredCluster) -> None:
        answer = BROKEN
        try:
            async with self._limit:
                answer = await self._ask(observed, desired)
            if answer.idle_s is not None and desired.lifecycle.idle is not None:
                answer = replace(answer, limit_s=desired.lifecycle.idle.after_s)
        finally:
            memory.asking = None
            before = memory.view
            wait_s = self._remember(memory, self._with_missing(memory, observed, answer))
            if self._memories.get(key) is memory:
                self._look_after(key, 0.0 if memory.view != before else wait_s)

    def _with_missing(self, memory: _Memory, observed: Observed, answer: RayView) -> RayView:
        now_s = self._monotonic()
        pods = [] if answer.error else [pod.metadata.name for pod in observed.pods]
        memory.missing = {name: memory.missing.get(name, now_s) for name in pods if name not in answer.alive}
        late = frozenset(name for name, since_s in memory.missing.items() if now_s >= since_s + PATIENCE_S)
        return replace(answer, outside=late) if late else answer

    def _remember(self, memory: _Memory, answer: RayView) -> float:
        agrees = not answer.error and memory.about <= answer.alive.keys()
        memory.failures = 0 if agrees else memory.failures + 1
        answered_before = memory.view is not None and not memory.view.error
        first_s = NEVER_ANSWERED_S if answer.error and not answered_before else FIRST_WAIT_S
        wait_s = CALM_S if agrees else min(LONGEST_WAIT_S, first_s * 2.0 ** (memory.failures - 1))
        memory.due_s = self._monotonic() + wait_s
        if not answer.error or not answered_before or memory.failures >= BELIEVED_WITHOUT_ANSWER:
            known = memory.view.alive or memory.view.before if answer.error and memory.view else {}
            memory.view = replace(answer, before=known)
        return wait_s
