"""The loop that takes a cluster to its spec and waits for Ray to agree."""

import pytest

from shoal.backends.memory import MemoryBackend
from shoal.errors import DeadlineExceeded
from shoal.plan.actions import Plan, Stage
from shoal.runtime.converge import NodeFailed, PlanOutdated, Silent, converge
from shoal.status.conditions import ClusterStatus, State
from shoal.testing.clock import VirtualClock, run_now
from shoal.testing.specs import cluster_of, suspended
from shoal.world.snapshot import Phase, World

SPEC = cluster_of("c", {"w": 1})


class Told(Silent):
    """Remembers all that it was told."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.stages: list[Stage] = []
        self.states: list[State] = []

    def planned(self, plan: Plan) -> None:
        self.plans.append(plan)

    def applied(self, stage: Stage) -> None:
        self.stages.append(stage)

    def saw(self, status: ClusterStatus) -> None:
        self.states.append(status.state)


class NeverSeen(MemoryBackend):
    """A backend whose Ray never sees any node."""

    async def observe(self, cluster: str) -> World:
        world = await super().observe(cluster)
        for node in self._clusters[cluster].nodes.values() if cluster in self._clusters else ():
            node.phase = Phase.STARTING if node.phase is Phase.RUNNING else node.phase
        return world


def test_the_plan_that_is_shown_is_the_one_that_is_done() -> None:
    backend, told = MemoryBackend(), Told()
    shown = run_now(backend.plan("c", SPEC))
    status = run_now(converge(backend, "c", SPEC, VirtualClock(), told, 60))
    assert told.plans == [shown]
    assert tuple(told.stages) == shown.stages
    assert status.ready
    assert told.states == [State.STARTING, State.READY]


def test_another_plan_than_the_agreed_one_is_not_done() -> None:
    backend = MemoryBackend()
    run_now(converge(backend, "c", SPEC, VirtualClock(), Silent(), 60))
    agreed = run_now(backend.plan("c", SPEC))
    backend.kill("c", "w-0")
    with pytest.raises(PlanOutdated):
        run_now(converge(backend, "c", SPEC, VirtualClock(), Silent(), 60, agreed))
    assert backend.deleted == []


def test_a_plan_changes_nothing() -> None:
    backend = MemoryBackend()
    run_now(backend.plan("c", SPEC))
    assert run_now(backend.clusters()) == ()


def test_what_never_comes_is_waited_for_until_the_deadline_and_then_named() -> None:
    clock = VirtualClock()
    with pytest.raises(DeadlineExceeded, match="head: Ray does not see it yet") as late:
        run_now(converge(NeverSeen(), "c", SPEC, clock, Silent(), 30))
    assert 30 <= clock.now < 31
    assert late.value.exit_code == 4
    assert "shoal status c" in late.value.next_step


def test_a_patience_of_zero_looks_once() -> None:
    clock = VirtualClock()
    with pytest.raises(DeadlineExceeded):
        run_now(converge(NeverSeen(), "c", SPEC, clock, Silent(), 0))
    assert clock.now < 1


def test_what_is_ready_is_not_waited_for() -> None:
    backend, clock = MemoryBackend(), VirtualClock()
    run_now(converge(backend, "c", SPEC, clock, Silent(), 60))
    before = clock.now
    run_now(converge(backend, "c", SPEC, clock, Silent(), 60))
    assert clock.now == before


def test_a_suspended_cluster_is_what_was_asked_for() -> None:
    backend = MemoryBackend()
    status = run_now(converge(backend, "c", suspended(SPEC), VirtualClock(), Silent(), 60))
    assert status.state is State.SUSPENDED


def test_a_node_that_ends_while_it_is_waited_for_is_named_at_once() -> None:
    class Mortal(NeverSeen):
        async def observe(self, cluster: str) -> World:
            if cluster in self._clusters and "w-0" in self._clusters[cluster].nodes:
                self.kill(cluster, "w-0")
            return await super().observe(cluster)

    clock = VirtualClock()
    with pytest.raises(NodeFailed) as failed:
        run_now(converge(Mortal(), "c", SPEC, clock, Silent(), 60))
    assert failed.value.where == "c/w-0"
    assert "shoal logs c --node w-0" in failed.value.next_step
    assert clock.now < 1


def test_down_of_nothing_is_done_at_once() -> None:
    told = Told()
    status = run_now(converge(MemoryBackend(), "c", None, VirtualClock(), told, 60))
    assert status.state is State.ABSENT
    assert told.stages == []
