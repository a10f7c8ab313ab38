"""What every backend has to do, said once. A backend's test file gives it a harness.

Each test begins by settling what it needs, so that any of them runs alone; in the order written here most of that is
there already, which makes the whole one life of a cluster and affordable where nodes are real.
"""

import asyncio

import pytest

from conformance.harness import Harness, down, look, restarted, settle, up
from shoal.errors import ClusterUnknown
from shoal.plan.diff import diff
from shoal.status.conditions import State, status_of
from shoal.testing.expect import expect_nodes
from shoal.testing.specs import suspended
from shoal.world.snapshot import Phase, World

NAME = "conform"
OTHER = "conform-too"
NODES = {"head", "a-0", "b-0"}
HOSTILE = [
    "",
    ".",
    "..",
    "../conform",
    "/etc",
    "-x",
    "a/b",
    "a\0b",
    "a\nb",
    "*",
    "~",
    "$HOME",
    "x" * 5000,
    ".hidden",
    "ü",
]


class Conformance:
    """Scenarios. A subclass stands beside a fixture ``harness`` of module scope."""

    def test_a_name_that_nobody_knows_is_absent(self, harness: Harness) -> None:
        assert asyncio.run(harness.backend.observe("nobody")) == World("nobody")
        assert asyncio.run(look(harness, "nobody")).state is State.ABSENT
        assert not asyncio.run(harness.backend.plan("nobody", None))
        with pytest.raises(ClusterUnknown):
            harness.backend.endpoints("nobody")

    @pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name)[:20])
    def test_a_name_that_no_cluster_can_have_is_absent(self, harness: Harness, name: str) -> None:
        assert asyncio.run(harness.backend.observe(name)) == World(name)
        with pytest.raises(ClusterUnknown):
            harness.backend.endpoints(name)
        assert asyncio.run(harness.backend.clusters()) == ()

    def test_up_makes_every_node_and_says_ready_only_once_ray_sees_them(self, harness: Harness) -> None:
        spec = harness.spec(NAME, a=1, b=1)

        async def run() -> list[World]:
            seen = []
            for stage in diff(spec, await harness.backend.observe(NAME)).stages:
                await harness.backend.apply(NAME, stage)
                seen.append(await harness.backend.observe(NAME))
            deadline = harness.clock.monotonic() + harness.patience_s
            while not status_of(spec, seen[-1]).ready and harness.clock.monotonic() < deadline:
                await harness.clock.sleep(0.2)
                seen.append(await harness.backend.observe(NAME))
            return seen

        worlds = asyncio.run(run())
        for world in worlds:
            status = status_of(spec, world)
            unseen = {node.name for node in world.nodes if not (node.ray_id and node.phase is Phase.RUNNING)}
            assert not unseen & {node.name for node in status.nodes if node.ready}
            assert not (status.ready and unseen)
        assert worlds[-1].gcs
        assert status_of(spec, worlds[-1]).state is State.READY
        assert asyncio.run(harness.identities(NAME)).keys() == NODES
        assert asyncio.run(harness.backend.clusters()) == (NAME,)

    def test_up_again_does_nothing(self, harness: Harness) -> None:
        before = up(harness, harness.spec(NAME, a=1, b=1))
        assert not asyncio.run(harness.backend.plan(NAME, harness.spec(NAME, a=1, b=1)))
        assert up(harness, harness.spec(NAME, a=1, b=1)) == before

    def test_a_node_killed_from_outside_is_dead_at_once_with_a_reason(self, harness: Harness) -> None:
        up(harness, harness.spec(NAME, a=1, b=1))
        harness.kill(NAME, "a-0")
        status = asyncio.run(look(harness, NAME))
        assert status.state is State.DEGRADED
        expect_nodes(status, head="RayAlive", a_0="NodeDied", b_0="RayAlive")
        node = next(node for node in status.nodes if node.name == "a-0")
        assert node.message
        assert "shoal up" in node.next_step

    def test_up_brings_back_a_killed_node_and_nothing_else(self, harness: Harness) -> None:
        before = up(harness, harness.spec(NAME, a=1, b=1))
        harness.kill(NAME, "a-0")
        after = up(harness, harness.spec(NAME, a=1, b=1))
        assert after.keys() == NODES
        assert restarted(before, after) == {"a-0"}

    def test_more_replicas_start_only_what_is_missing(self, harness: Harness) -> None:
        before = up(harness, harness.spec(NAME, a=1, b=1))
        after = up(harness, harness.spec(NAME, a=2, b=1))
        assert after.keys() == NODES | {"a-1"}
        assert restarted(before, after) == set()

    def test_fewer_replicas_stop_only_the_last_ones(self, harness: Harness) -> None:
        before = up(harness, harness.spec(NAME, a=2, b=1))
        after = up(harness, harness.spec(NAME, a=1, b=1))
        assert after.keys() == NODES
        assert restarted(before, after) == set()

    def test_a_changed_group_restarts_and_no_other(self, harness: Harness) -> None:
        before = up(harness, harness.spec(NAME, a=1, b=1))
        after = up(harness, harness.spec(NAME, {"b": {"num-cpus": "2"}}, a=1, b=1))
        assert restarted(before, after) == {"b-0"}
        resources = {node.name: node.resources for node in asyncio.run(look(harness, NAME)).nodes}
        assert resources["b-0"].get("CPU") == 2

    def test_a_removed_group_stops_and_no_other(self, harness: Harness) -> None:
        before = up(harness, harness.spec(NAME, {"b": {"num-cpus": "2"}}, a=1, b=1))
        after = up(harness, harness.spec(NAME, a=1))
        assert after.keys() == {"head", "a-0"}
        assert restarted(before, after) == set()

    def test_a_changed_head_restarts_everything(self, harness: Harness) -> None:
        before = up(harness, harness.spec(NAME, a=1))
        after = up(harness, harness.spec(NAME, {"headgroup": {"num-cpus": "2"}}, a=1))
        assert restarted(before, after) == {"head", "a-0"}

    def test_nothing_is_ready_without_its_head_and_up_replaces_every_node(self, harness: Harness) -> None:
        spec = harness.spec(NAME, {"headgroup": {"num-cpus": "2"}}, a=1)
        before = up(harness, spec)
        harness.kill(NAME, "head")
        status = asyncio.run(look(harness, NAME))
        assert status.state is State.DOWN
        assert status.ready_nodes == 0
        after = up(harness, spec)
        assert restarted(before, after) == {"head", "a-0"}

    def test_a_second_cluster_does_not_touch_the_first(self, harness: Harness) -> None:
        before = up(harness, harness.spec(NAME, {"headgroup": {"num-cpus": "2"}}, a=1))
        other = up(harness, harness.spec(OTHER))
        assert set(asyncio.run(harness.backend.clusters())) == {NAME, OTHER}
        assert other.keys() == {"head"}
        assert harness.backend.endpoints(NAME) != harness.backend.endpoints(OTHER)
        harness.kill(OTHER, "head")
        assert asyncio.run(look(harness, NAME)).ready
        down(harness, OTHER)
        assert asyncio.run(harness.left(OTHER)) == []
        assert asyncio.run(look(harness, NAME)).ready
        assert asyncio.run(harness.identities(NAME)) == before

    def test_a_suspended_cluster_runs_nothing(self, harness: Harness) -> None:
        up(harness, harness.spec(NAME, {"headgroup": {"num-cpus": "2"}}, a=1))
        status = asyncio.run(settle(harness, NAME, suspended(harness.spec(NAME))))
        assert status.state is State.SUSPENDED
        assert asyncio.run(harness.identities(NAME)) == {}
        assert asyncio.run(harness.backend.clusters()) == (NAME,)
        assert not asyncio.run(harness.backend.plan(NAME, suspended(harness.spec(NAME))))

    def test_a_suspended_cluster_resumes(self, harness: Harness) -> None:
        asyncio.run(settle(harness, NAME, suspended(harness.spec(NAME))))
        assert up(harness, harness.spec(NAME, a=1)).keys() == {"head", "a-0"}
        assert asyncio.run(look(harness, NAME)).ready

    def test_down_removes_everything(self, harness: Harness) -> None:
        up(harness, harness.spec(NAME, a=1))
        assert asyncio.run(harness.left(NAME)) != []
        assert down(harness, NAME).state is State.ABSENT
        assert asyncio.run(harness.left(NAME)) == []
        assert asyncio.run(harness.backend.clusters()) == ()

    def test_down_of_what_is_gone_does_nothing(self, harness: Harness) -> None:
        assert not asyncio.run(harness.backend.plan(NAME, None))
        assert down(harness, NAME).state is State.ABSENT

    def test_a_start_that_was_not_waited_for_is_taken_down_whole(self, harness: Harness) -> None:
        async def run() -> None:
            for stage in diff(harness.spec(NAME, a=1), await harness.backend.observe(NAME)).stages:
                await harness.backend.apply(NAME, stage)
            await harness.identities(NAME)

        asyncio.run(run())
        assert down(harness, NAME).state is State.ABSENT
        assert asyncio.run(harness.left(NAME)) == []
