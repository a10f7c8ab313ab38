"""Edits, deaths, crashes and old pictures in any order: it always comes to what is asked for."""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from operator_sim.history import Play
from operator_sim.operators import Crash
from operator_sim.scenarios import NAME, NAMESPACE, group, lose_token, template

from shoal.backends.kubernetes.transport import Request
from shoal.testing.fakeapi import DONE_UNHEARD, NOT_DONE, Fault

IMAGES = ("rayproject/ray:2.60.0", "rayproject/ray:2.60.1")
STRATEGIES = ("None", "Recreate", "RollingUpdate")
FAULTS = (
    Fault(409),
    Fault(429),
    Fault(500),
    DONE_UNHEARD,
    NOT_DONE,
    Fault(crash=Crash()),
    Fault(crash=Crash(), applied=True),
)
EXAMPLES = 1000 if os.environ.get("SHOAL_SIM") == "all" else 40
GROUPS = ("a", "b")
names = st.sampled_from(GROUPS)


class AnyLife(RuleBasedStateMachine):
    """One RayCluster, whatever happens to it."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.life = Play()
        self.spec: dict[str, Any] = {}
        self.exists = False

    def teardown(self) -> None:
        """Nothing of it goes on."""
        self.loop.close()

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Until it is done."""
        self.loop.run_until_complete(coroutine)

    @initialize(replicas=st.integers(0, 3), strategy=st.sampled_from(STRATEGIES))
    def make(self, replicas: int, strategy: str) -> None:
        """A RayCluster is applied."""
        self.spec = {
            "workerGroupSpecs": [group("a", replicas)],
            "suspend": False,
            "upgradeStrategy": {"type": strategy},
        }
        self.life.outside.create(**self.spec)
        self.exists = True

    def change(self, **fields: Any) -> None:
        """The person edits the spec."""
        self.spec |= fields
        if self.exists:
            self.life.outside.change(**fields)

    @rule(name=names, replicas=st.integers(0, 4))
    def scale(self, name: str, replicas: int) -> None:
        """A group has another number of replicas, or is new."""
        others = [one for one in self.spec["workerGroupSpecs"] if one["groupName"] != name]
        self.change(workerGroupSpecs=[*others, group(name, replicas)])

    @rule(name=names)
    def drop_group(self, name: str) -> None:
        """A group is taken out."""
        self.change(workerGroupSpecs=[one for one in self.spec["workerGroupSpecs"] if one["groupName"] != name])

    @rule(name=names, image=st.sampled_from(IMAGES))
    def reimage(self, name: str, image: str) -> None:
        """A group has another image."""
        groups = [
            one if one["groupName"] != name else {**one, "template": template("ray-worker", image)}
            for one in self.spec["workerGroupSpecs"]
        ]
        self.change(workerGroupSpecs=groups)

    @rule(suspend=st.booleans())
    def suspend(self, suspend: bool) -> None:
        """It is suspended, or resumed."""
        self.change(suspend=suspend)

    @rule(again=st.booleans())
    def delete(self, again: bool) -> None:
        """It is deleted, and perhaps made anew at once."""
        if self.exists:
            self.life.outside.delete()
        if again or not self.exists:
            self.life.outside.create(**self.spec)
        self.exists = again or not self.exists

    @precondition(lambda self: self.life.outside.pods("headgroup") or self.life.outside.pods("worker"))
    @rule(data=st.data(), fails=st.booleans())
    def lose_a_pod(self, data: st.DataObject, fails: bool) -> None:
        """A pod fails, or somebody deletes it."""
        kind = data.draw(st.sampled_from([kind for kind in ("head", "worker") if self.life.outside.pods(kind)]))
        index = data.draw(st.integers(0, len(self.life.outside.pods(kind)) - 1))
        if fails:
            self.life.outside.fail(kind, index)
        else:
            self.life.outside.remove(kind, index)

    @precondition(lambda self: self.life.api.objects("secrets", NAMESPACE))
    @rule()
    def lose_the_token(self) -> None:
        """Somebody deletes the Secret."""
        lose_token(self.life.outside)

    @rule(stale=st.integers(0, 5), fault=st.none() | st.sampled_from(FAULTS), number=st.integers(0, 6))
    def operate(self, stale: int, fault: Fault | None, number: int) -> None:
        """The operator has a turn, and perhaps one of its writes goes wrong."""
        left = number

        def choose(request: Request, _: int) -> Fault | None:
            nonlocal left
            if request.method == "GET":
                return None
            left -= 1
            return fault if left == -1 else None

        self.life.api.faults = choose
        self.run(self.life.turn(0, stale))
        self.life.api.faults = lambda request, number: None

    @rule(seconds=st.integers(1, 60))
    def time_passes(self, seconds: int) -> None:
        """Kubelet and controllers act."""
        self.life.clock.now += seconds
        self.life.settle()

    @rule()
    def restart(self) -> None:
        """The operator's process is replaced."""
        self.life.operators[0] = self.life.new_operator()

    @rule()
    def rest(self) -> None:
        """Left alone for long enough, there is just what is asked for."""
        self.run(self.life.rest())
        found = {kind: len(self.life.outside.pods(kind)) for kind in ("head", *GROUPS)}
        assert found == self.wanted()
        if found["head"]:
            ready = self.life.outside.condition("Ready")
            assert ready["status"] == "True", ready["message"]

    def wanted(self) -> dict[str, int]:
        """Pods by group."""
        runs = self.exists and not self.spec["suspend"]
        groups = {one["groupName"]: one["replicas"] for one in self.spec["workerGroupSpecs"]} if runs else {}
        return {"head": int(runs), **{name: groups.get(name, 0) for name in GROUPS}}

    @invariant()
    def one_head_at_most(self) -> None:
        """Two would be two clusters."""
        heads = [
            pod
            for pod in self.life.api.objects("pods")
            if pod["metadata"]["labels"].get("ray.io/node-type") == "head"
            and pod["status"].get("phase") in ("Pending", "Running")
            and pod["metadata"]["ownerReferences"][0]["uid"] == self.uid()
        ]
        assert len(heads) <= 1

    def uid(self) -> str:
        """Of the RayCluster that is there now."""
        found = self.life.api.object("rayclusters.ray.io", NAMESPACE, NAME)
        return str(found["metadata"]["uid"]) if found else ""


@pytest.mark.slow
def test_it_always_comes_to_what_is_asked_for() -> None:
    run_state_machine_as_test(
        AnyLife,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
