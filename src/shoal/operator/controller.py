"""One step of one cluster: look, decide, act, tell. What is decided, and how, is in shoal.reconcile."""

import itertools
import logging
from collections import Counter
from collections.abc import Callable, Sequence, Sized
from datetime import datetime
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from shoal.backends.kubernetes.apply import Applier, Failed
from shoal.backends.kubernetes.cache import Cache
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.status import write_status
from shoal.backends.kubernetes.store import Key
from shoal.desired.cluster import DesiredCluster
from shoal.desired.kubernetes.settings import Settings
from shoal.errors import ActionFailed
from shoal.operator.consent import Consents
from shoal.operator.failures import failure_of, wait_s
from shoal.operator.keys import Keys
from shoal.operator.logs import CONTEXT, Context
from shoal.operator.queue import WorkQueue
from shoal.operator.rayviews import RayViews
from shoal.operator.told import Told
from shoal.plan.actions import Action, ApplyObject, DrainNode, Plan, Stage, StartNode, StopNode
from shoal.plan.diff import LOST
from shoal.plan.tell import Notice, decisions
from shoal.reconcile import PATIENCE_S, Outcome, reconcile
from shoal.world.kubernetes import Failure, Observed, RayView, timestamp

log = logging.getLogger(__name__)

STARTING_AT_ONCE = 10
"""With more clusters than these on their way, each is silent for longer: telling would hold up what it tells of."""
LONGEST_SILENCE_S = 120.0
AFTER_A_CHANGE_S = 1.0
"""Until a cluster is looked at again after something that no event may tell of, and that more follows from."""


Picture: TypeAlias = tuple[int, RayView | None, Failure | None, frozenset[str]]
"""What a look at a cluster sees: the state of the store, Ray's last answer, what went wrong, and doubted Secrets."""


class _Settled(msgspec.Struct, frozen=True):
    """A look that found nothing to do, and none to come by time alone: the same picture would find the same."""

    picture: Picture
    desired: DesiredCluster | None


class Controller:
    """Takes clusters to their spec, one step at a time; ``queue`` says which is next.

    now: UTC. starting: filled with the clusters that are on their way as expected.
    keys: what is known of their Secrets.
    gone: told of a cluster of which nothing needs to be remembered any more.
    """

    def __init__(
        self,
        client: Client,
        cache: Cache,
        applier: Applier,
        ray: RayViews,
        queue: WorkQueue,
        settings: Settings,
        now: Callable[[], datetime],
        starting: set[Key],
        keys: Keys,
        gone: Callable[[Key], None] = lambda key: None,
    ) -> None:
        self._gone = gone
        self._keys = keys
        self._client = client
        self._cache = cache
        self._applier = applier
        self._ray = ray
        self._queue = queue
        self._settings = settings
        self._now = now
        self._told = Told()
        self._consents = Consents(client, now)
        self._failures: dict[Key, Failure] = {}
        self._starting = starting
        self._silence_s: dict[Key, float] = {}
        self._settled: dict[Key, _Settled] = {}
        self._steps = itertools.count(1)

    async def step(self, key: Key) -> None:
        """Do what is due for one cluster now, and say when to look again. What the API server refuses is retried."""
        CONTEXT.set(Context(f"{next(self._steps)}", *key))
        observed, picture = self._observe(key), self._picture(key)
        if observed is None:
            self._forget(key)
            return
        if (settled := self._settled.get(key)) is not None and settled.picture == picture:
            self._ask_ray(key, observed, settled.desired)
            return
        try:
            outcome = self._decide(key, observed)
            if outcome.needs_consent:
                observed = replace(observed, consent=await self._consents.of(key[0]))
                outcome = self._decide(key, observed)
        except ActionFailed as error:
            log.warning("the namespace can't be asked what it allows: %s", error)
            self._queue.retry(key, wait_s((error,)))
            return
        self._ask_ray(key, observed, outcome.desired)
        done, failures = await self._apply(observed, outcome)
        self._note_failures(key, failures)
        self._told.plan(observed.resource, notices(outcome, done, self._failures.get(key)))
        errors = [failed.error for failed in failures]
        if failures:
            observed = replace(self._observe(key) or observed, consent=observed.consent)
            outcome = self._decide(key, observed)
        errors += await self._say(key, observed, outcome)
        self._settled.pop(key, None)
        if outcome.is_settled and observed.consent is None and not errors:
            self._settled[key] = _Settled(picture, outcome.desired)
        self._schedule(key, outcome, errors)

    def _observe(self, key: Key) -> Observed | None:
        doubted = self._keys.doubted(key)
        return self._cache.store.observed(key, self._ray.view(key), self._failures.get(key), doubted)

    def _decide(self, key: Key, observed: Observed) -> Outcome:
        # What a cluster was granted in a crowd it keeps: when the crowd thins out, the last ones are nearly there.
        crowded_s = min(LONGEST_SILENCE_S, PATIENCE_S * crowd(self._starting))
        patience_s = self._silence_s[key] = max(crowded_s, self._silence_s.get(key, 0.0))
        outcome = reconcile(observed, self._settings, self._timestamp(), patience_s)
        if outcome.held:
            self._starting.add(key)
        else:
            self._starting.discard(key)
            del self._silence_s[key]
        return outcome

    def _timestamp(self) -> str:
        return timestamp(self._now())

    def _forget(self, key: Key) -> None:
        """The RayCluster is gone, and what it owned goes without us."""
        self._ray.forget(key)
        self._gone(key)
        self._cache.forget_unwatched(key)
        self._told.forget(key)
        self._failures.pop(key, None)
        self._settled.pop(key, None)
        self._starting.discard(key)
        self._silence_s.pop(key, None)
        self._queue.worked(key)

    def _picture(self, key: Key) -> Picture:
        return self._cache.store.changes(key), self._ray.view(key), self._failures.get(key), self._keys.doubted(key)

    def _ask_ray(self, key: Key, observed: Observed, desired: DesiredCluster | None) -> None:
        if desired is None:
            self._ray.forget(key)
            return
        wait = self._ray.look(key, observed, desired)
        if wait is not None:
            self._queue.add_after(key, wait)

    async def _apply(self, observed: Observed, outcome: Outcome) -> tuple[Plan, Sequence[Failed]]:
        """The stages in order, up to the first in which something failed: what was done, and what was not.

        Where nodes could not be started, those that make room for them go all the same.
        """
        done: list[Stage] = []
        failures: list[Failed] = []
        for whole in outcome.plan.stages:
            assert outcome.desired is not None  # noqa: S101 - a plan is made of what is wanted
            stage = tuple(filter(_makes_room, whole)) if failures else whole
            failed = await self._applier.apply(observed, outcome.desired, stage)
            actions = [failure.action for failure in failed]
            done.append(tuple(action for action in stage if action not in actions))
            for (action, said), times in Counter(map(_in_words, failed)).items():
                log.warning("%s failed%s: %s", action, f" {times} times" if times > 1 else "", said)
            failures += failed
            if not all(isinstance(failure.action, StartNode) for failure in failures):
                break
        return Plan(outcome.plan.cluster, tuple(done)), failures

    def _note_failures(self, key: Key, failures: Sequence[Failed]) -> None:
        failure = failure_of(failures, self._queue.failures(key) + 1)
        if failure is not None:
            self._failures[key] = failure
        elif not failures:
            self._failures.pop(key, None)

    async def _say(self, key: Key, observed: Observed, outcome: Outcome) -> Sequence[ActionFailed]:
        """Write Events, and the status unless a better one is about to come; what failed in that."""
        errors = await self._told.tell(self._client, observed.resource, self._timestamp())
        if outcome.status is None or self._ray.is_first_question_open(key):
            return errors
        try:
            written = await write_status(self._client, observed.resource, outcome.status)
        except NotFound:
            return errors  # it is gone, or about to be
        except ActionFailed as error:
            log.info("the status can't be written yet: %s", error)
            return [*errors, error]
        self._cache.resources(key[0]).wrote(written)
        return errors

    def _schedule(self, key: Key, outcome: Outcome, errors: Sequence[ActionFailed]) -> None:
        if errors:
            self._queue.retry(key, wait_s(errors))
            return
        self._queue.worked(key)
        if any(_is_followed(action) for action in outcome.plan.actions):
            self._queue.add_after(key, AFTER_A_CHANGE_S)
        if outcome.look_again_s is not None:
            self._queue.add_after(key, outcome.look_again_s)


def _is_followed(action: Action) -> bool:
    """Whether more may have to be done after it: something was ended, or a Secret made, of which no watch tells."""
    return not isinstance(action, StartNode | ApplyObject) or action.reason.code == LOST


def _makes_room(action: Action) -> bool:
    """Whether it ends a node that holds something, and whose name no other needs to know before."""
    return isinstance(action, StopNode | DrainNode) and action.reason.code != "NodeDied"


def _in_words(failed: Failed) -> tuple[str, str]:
    return type(failed.action).__name__, str(failed.error)


def crowd(starting: Sized) -> float:
    """How many times longer than usual each cluster may be silent, with so many on their way."""
    return max(1.0, len(starting) / STARTING_AT_ONCE)


def notices(outcome: Outcome, done: Plan, failure: Failure | None) -> tuple[Notice, ...]:
    """What to tell: of the plan only what was done of it, and why the rest was not."""
    failed = (Notice("Warning", failure.reason, failure.message),) if failure else ()
    return (*decisions(done), *outcome.notices, *failed)
