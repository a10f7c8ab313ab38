"""Any life of a cluster: edits, kills, crashes, up and down in any order, and what holds of it at every moment."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shoal.backends.memory import MemoryBackend
from shoal.desired.cluster import HEAD_GROUP, HEAD_NODE, DesiredCluster
from shoal.plan.actions import Plan, StopNode
from shoal.runtime.converge import NodeFailed, Silent, converge
from shoal.status.conditions import ClusterStatus, State, status_of
from shoal.testing.clock import VirtualClock, run_now
from shoal.testing.faults import Crash, CrashPoints
from shoal.testing.specs import cluster_of, suspended
from shoal.world.snapshot import Phase

NAME = "c"
GROUPS = st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 3))
CPUS = st.dictionaries(st.sampled_from([HEAD_GROUP, "a", "b"]), st.sampled_from(["0", "2"]))
SOON = st.integers(0, 12)


class Listener(Silent):
    """Remembers which stops were announced, each with its reason."""

    def __init__(self) -> None:
        self.stops: dict[str, str] = {}
        self.statuses: list[ClusterStatus] = []

    def planned(self, plan: Plan) -> None:
        self.stops = {action.node: action.reason.code for action in plan.actions if isinstance(action, StopNode)}

    def saw(self, status: ClusterStatus) -> None:
        self.statuses.append(status)


class AnyLife(RuleBasedStateMachine):
    """One cluster in memory and a person who does anything to it."""

    def __init__(self) -> None:
        super().__init__()
        self.backend = MemoryBackend()
        self.spec = cluster_of(NAME, {"a": 1})

    @rule(groups=GROUPS, cpus=CPUS)
    def edit(self, groups: dict[str, int], cpus: dict[str, str]) -> None:
        params = {group: {"num-cpus": count} for group, count in cpus.items()}
        self.spec = cluster_of(NAME, groups, params=params)

    @rule()
    def suspend(self) -> None:
        self.spec = suspended(self.spec)

    @rule()
    def up(self) -> None:
        self.take(self.spec)
        assert set(self.backend.live_nodes(NAME)) == {node.name for node in self.spec.nodes}
        status = self.status()
        assert status.state is (State.READY if self.spec.nodes else State.SUSPENDED)
        self.no_worker_is_older_than_its_head()
        assert not run_now(self.backend.plan(NAME, self.spec)), "a second up would do something"

    @rule()
    def down(self) -> None:
        self.take(None)
        assert self.backend.live_nodes(NAME) == {}
        assert run_now(self.backend.clusters()) == ()
        assert len(self.backend.created) == len(self.backend.deleted) + self.killed

    @rule(after=SOON)
    def up_crashes(self, after: int) -> None:
        self.crash(self.spec, after)

    @rule(after=SOON)
    def down_crashes(self, after: int) -> None:
        self.crash(None, after)

    killed = 0

    @precondition(lambda self: self.backend.live_nodes(NAME))
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        self.backend.kill(NAME, data.draw(st.sampled_from(sorted(self.backend.live_nodes(NAME)))))
        self.killed += 1

    @invariant()
    def at_most_one_head_lives(self) -> None:
        assert list(self.backend.live_nodes(NAME)).count(HEAD_NODE) <= 1
        assert self.backend.created.count(HEAD_NODE) - self.backend.deleted.count(HEAD_NODE) >= 0

    @invariant()
    def nothing_is_called_ready_that_is_not_running(self) -> None:
        world = run_now(self.backend.observe(NAME))
        status = status_of(world.wanted, world)
        live = self.backend.live_nodes(NAME)
        running = {node.name for node in world.nodes if node.phase is Phase.RUNNING}
        assert {node.name for node in status.nodes if node.ready} <= running <= live.keys()
        assert HEAD_NODE in live or not status.ready_nodes
        if status.ready:
            assert world.wanted is not None
            assert {node.name for node in world.wanted.nodes} == running
        for node in status.nodes:
            assert node.reason
            assert node.ready or node.message

    def take(self, target: DesiredCluster | None) -> None:
        listener, before = Listener(), len(self.backend.deleted)
        try:
            run_now(converge(self.backend, NAME, target, VirtualClock(), listener, 60))
        finally:
            assert all(listener.stops.values())
            assert set(self.backend.deleted[before:]) <= listener.stops.keys(), "deleted without a reason"

    def crash(self, target: DesiredCluster | None, after: int) -> None:
        self.backend.checkpoint = CrashPoints((after,))
        try:
            self.take(target)
        except Crash:
            pass
        finally:
            self.backend.checkpoint = CrashPoints()

    def status(self) -> ClusterStatus:
        return status_of(self.spec, run_now(self.backend.observe(NAME)))

    def no_worker_is_older_than_its_head(self) -> None:
        launches = self.backend.live_nodes(NAME)
        assert all(launch >= launches[HEAD_NODE] for launch in launches.values())


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)


def test_a_node_that_dies_while_it_is_waited_for_fails_the_run_with_its_name() -> None:
    backend = MemoryBackend()

    class Saboteur(Listener):
        def saw(self, status: ClusterStatus) -> None:
            if not status.ready:
                backend.kill(NAME, "a-0")

    with pytest.raises(NodeFailed) as failure:
        run_now(converge(backend, NAME, cluster_of(NAME, {"a": 1}), VirtualClock(), Saboteur(), 60))
    assert failure.value.where == "c/a-0"
