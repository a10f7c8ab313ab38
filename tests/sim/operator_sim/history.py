"""A scenario played to its end, and what is left of it."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from operator_sim.operators import Crash, Operator
from operator_sim.ray import Ray
from operator_sim.scenarios import SCENARIOS, Moment, Outside
from shoal.testing.clock import VirtualClock
from shoal.testing.fakeapi import FakeApi
from shoal.world.kubernetes import REPLICA, SEAT, SECRETS

BEGIN = 1_800_000_000.0
ROUNDS = 80
QUIET = 6
"""Rounds in which nothing changes, the time between them doubling: longer than any patience, pause or backoff."""
TOLD_BY_THE_WAY = ("events", "leases.coordination.k8s.io")
MADE_BY_ADMISSION = re.compile(rb"(kube-api-access)-\w{5}\b")
"""The volume of a pod that has its account's token."""
VOLATILE = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation")


class Ended(msgspec.Struct, frozen=True):
    """end: every object, without what is new each time. made, deleted: how often, by resource and name."""

    end: dict[str, list[Any]]
    made: Counter[str]
    deleted: Counter[str]


class Play:
    """One life of one or more operators, from the first moment to rest.

    operators: at work side by side. stale: for each look, how many versions ago it shows the world.
    """

    def __init__(self, operators: int = 1, stale: Callable[[], int] = lambda: 0) -> None:
        self.clock = VirtualClock()
        self.clock.now = BEGIN
        self.api = FakeApi(self.clock.monotonic)
        self.ray = Ray(self.api)
        self.outside = Outside(self.api)
        self.operators = [self.new_operator() for _ in range(operators)]
        self.stale = stale

    async def play(self, scenario: str) -> Ended:
        """All moments of a scenario, each to rest."""
        return await self.live(*SCENARIOS[scenario])

    async def live(self, *moments: Moment) -> Ended:
        """These moments, each to rest."""
        for moment in moments:
            moment(self.outside)
            if self.outside.ends_operators:
                self.outside.ends_operators = False
                self.operators = [self.new_operator() for _ in self.operators]
            await self.rest()
        return self.ended()

    async def rest(self) -> None:
        """Go on until nothing changes any more, whatever is seen late by then."""
        quiet = 0
        for _ in range(ROUNDS):
            version = self.api.server.state.store.version
            for index in range(len(self.operators)):
                await self.turn(index, 0 if quiet else self.stale())
            self.settle()
            quiet = quiet + 1 if self.api.server.state.store.version == version else 0
            self.clock.now += 5 * 2**quiet
            if quiet > QUIET:
                return
        raise AssertionError("it does not come to rest")

    async def turn(self, index: int, stale: int) -> None:
        """One operator looks and works; if it crashes, another takes its place."""
        try:
            await self.operators[index].look(stale)
            await self.operators[index].work()
        except Crash:
            self.operators[index] = self.new_operator()

    def settle(self) -> None:
        """Let kubelet, controllers and Ray do all that is to be done."""
        self.api.settle()
        self.ray.start()

    def new_operator(self) -> Operator:
        """A process that knows nothing yet."""
        return Operator(self.api, self.clock, self.ray)

    def ended(self) -> Ended:
        """What is there, and how it came about."""
        made: Counter[str] = Counter()
        deleted: Counter[str] = Counter()
        for type_, resource, key in self.api.history():
            if resource not in TOLD_BY_THE_WAY:
                (made if type_ == "ADDED" else deleted)[_what(resource, key)] += 1
        store = self.api.server.state.store
        end: dict[str, list[Any]] = {}
        for resource in store.resources():
            for key, item in store.all(resource).items() if resource not in TOLD_BY_THE_WAY else ():
                end.setdefault(_what(resource, key), []).append(_lasting(resource, item))
        return Ended({what: sorted(items, key=str) for what, items in end.items()}, made, deleted)


def _what(resource: str, key: str) -> str:
    """A pod is known by what its name begins with: which of several equal ones it is doesn't matter."""
    return f"{resource} {key[:-5] if resource == 'pods' else key}"


def _lasting(resource: str, item: dict[str, Any]) -> dict[str, Any]:
    """Without what is another each time: versions, times, addresses, and what is made at random."""
    meta = {name: value for name, value in item["metadata"].items() if name not in VOLATILE}
    meta["ownerReferences"] = [{**owner, "uid": ""} for owner in meta.get("ownerReferences", ())]
    kept = {**item, "metadata": meta}
    if resource == "secrets":
        kept["data"] = sorted(item.get("data", {}))
        kept["metadata"] = {**meta, "annotations": sorted(meta["annotations"])}
    if resource == "pods":
        kept["metadata"] = {
            **{name: value for name, value in meta.items() if name != "name"},
            "labels": {name: value for name, value in meta["labels"].items() if name != REPLICA},
            "annotations": {name: value for name, value in meta["annotations"].items() if name not in (SEAT, SECRETS)},
        }
        kept["status"] = item["status"].get("phase")
        kept["spec"] = msgspec.json.decode(MADE_BY_ADMISSION.sub(rb"\1", msgspec.json.encode(item["spec"])))
    if resource == "rayclusters.ray.io":
        kept["status"] = _status(item.get("status", {}))
    return kept


def _status(status: dict[str, Any]) -> dict[str, Any]:
    said = [
        {k: v for k, v in condition.items() if k != "lastTransitionTime"} for condition in status.get("conditions", ())
    ]
    steady = {k: v for k, v in status.items() if k not in ("lastUpdateTime", "stateTransitionTimes", "head")}
    return {**steady, "conditions": sorted(said, key=lambda condition: str(condition["type"]))}
