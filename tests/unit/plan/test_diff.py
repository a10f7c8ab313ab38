"""What is done about a difference, and the reason that is given."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.desired.cluster import DesiredCluster, Role
from shoal.plan.actions import RemoveCluster, StartNode, StopNode
from shoal.plan.diff import diff
from shoal.testing.expect import expect_plan
from shoal.testing.specs import cluster_of, suspended
from shoal.world.snapshot import ObservedNode, Phase, World

SPEC = cluster_of("c", {"w": 2})
CREATION = ("prepare c: ClusterMissing", "start head: NodeMissing, start w-0: NodeMissing, start w-1: NodeMissing")


def world_of(spec: DesiredCluster, **phases: Phase) -> World:
    """Every node of ``spec`` as it is, running unless told otherwise; "w_0" for w-0."""
    nodes = tuple(
        ObservedNode(
            node.name, node.role, node.group, node.fingerprint, phases.get(node.name.replace("-", "_"), Phase.RUNNING)
        )
        for node in spec.nodes
    )
    return World("c", begun=True, prepared=True, wanted=spec, nodes=nodes, gcs=True)


def without(world: World, *names: str) -> World:
    """The same, some nodes of it gone."""
    return msgspec.structs.replace(world, nodes=tuple(node for node in world.nodes if node.name not in names))


def test_what_does_not_exist_is_made_from_the_ground() -> None:
    expect_plan(diff(SPEC, World("c")), *CREATION)


def test_what_is_as_wanted_needs_nothing() -> None:
    expect_plan(diff(SPEC, world_of(SPEC)))


def test_what_is_still_starting_is_left_alone() -> None:
    expect_plan(diff(SPEC, world_of(SPEC, head=Phase.STARTING, w_0=Phase.STARTING)))


def test_a_missing_worker_alone_is_started() -> None:
    expect_plan(diff(SPEC, without(world_of(SPEC), "w-1")), "start w-1: NodeMissing")


def test_a_dead_worker_alone_is_replaced() -> None:
    world = world_of(SPEC, w_1=Phase.DEAD)
    expect_plan(diff(SPEC, world), "stop w-1: NodeDied", "start w-1: NodeReplaced")


def test_a_stop_that_was_cut_off_is_finished_before_the_start() -> None:
    world = world_of(SPEC, w_0=Phase.STOPPING)
    expect_plan(diff(SPEC, world), "stop w-0: StopUnfinished", "start w-0: NodeReplaced")


@pytest.mark.parametrize(("phase", "code"), [(Phase.DEAD, "NodeDied"), (Phase.STOPPING, "StopUnfinished")])
def test_with_the_head_every_worker_is_replaced(phase: Phase, code: str) -> None:
    expect_plan(
        diff(SPEC, world_of(SPEC, head=phase)),
        f"stop head: {code}, stop w-0: HeadRestarted, stop w-1: HeadRestarted",
        "start head: NodeReplaced, start w-0: NodeReplaced, start w-1: NodeReplaced",
    )


def test_workers_that_outlived_a_forgotten_head_are_replaced() -> None:
    expect_plan(
        diff(SPEC, without(world_of(SPEC), "head")),
        "stop w-0: HeadRestarted, stop w-1: HeadRestarted",
        "start head: NodeMissing, start w-0: NodeReplaced, start w-1: NodeReplaced",
    )


def test_fewer_replicas_are_recorded_before_any_is_stopped() -> None:
    expect_plan(
        diff(cluster_of("c", {"w": 1}), world_of(SPEC)),
        "record the spec of c: SpecChanged",
        "stop w-1: NodeNotWanted",
    )


def test_a_changed_group_alone_is_restarted() -> None:
    both = cluster_of("c", {"a": 1, "b": 1})
    changed = cluster_of("c", {"a": 1, "b": 1}, params={"b": {"num-cpus": "2"}})
    expect_plan(
        diff(changed, world_of(both)),
        "record the spec of c: SpecChanged",
        "stop b-0: NodeChanged",
        "start b-0: NodeReplaced",
    )


def test_a_suspended_cluster_keeps_its_set_up_and_loses_its_nodes() -> None:
    expect_plan(
        diff(suspended(SPEC), world_of(SPEC)),
        "record the spec of c: SpecChanged",
        "stop head: NodeNotWanted, stop w-0: NodeNotWanted, stop w-1: NodeNotWanted",
    )


def test_nodes_stop_before_the_cluster_is_removed() -> None:
    expect_plan(
        diff(None, world_of(SPEC)),
        "stop head: ClusterDeleted, stop w-0: ClusterDeleted, stop w-1: ClusterDeleted",
        "remove c: ClusterDeleted",
    )


def test_the_removal_of_nothing_is_nothing() -> None:
    assert not diff(None, World("c"))


def test_an_empty_folder_is_removed_too() -> None:
    expect_plan(diff(None, World("c", begun=True)), "remove c: ClusterDeleted")


def test_a_removal_that_was_cut_off_is_finished_before_anything_is_started() -> None:
    half_removed = msgspec.structs.replace(without(world_of(SPEC), "head", "w-0"), removing=True)
    expect_plan(
        diff(SPEC, half_removed),
        "stop w-1: RemovalUnfinished",
        "remove c: RemovalUnfinished",
        *CREATION,
    )


def test_nodes_of_a_cluster_whose_set_up_is_gone_are_stopped_first() -> None:
    world = msgspec.structs.replace(without(world_of(SPEC), "w-0"), prepared=False)
    expect_plan(diff(SPEC, world), "stop head: ClusterNotPrepared, stop w-1: ClusterNotPrepared", *CREATION)


WORLDS = st.builds(
    World,
    cluster=st.just("c"),
    begun=st.booleans(),
    prepared=st.booleans(),
    removing=st.booleans(),
    wanted=st.sampled_from([None, SPEC, suspended(SPEC)]),
    nodes=st.lists(
        st.builds(
            ObservedNode,
            name=st.sampled_from(["head", "w-0", "w-1", "x-0"]),
            role=st.just(Role.WORKER),
            group=st.just("w"),
            fingerprint=st.sampled_from([SPEC.nodes[0].fingerprint, SPEC.nodes[1].fingerprint, "older"]),
            phase=st.sampled_from(Phase),
        ).map(lambda node: msgspec.structs.replace(node, role=Role.HEAD if node.name == "head" else Role.WORKER)),
        unique_by=lambda node: node.name,
    ).map(tuple),
)


@given(desired=st.sampled_from([None, SPEC, suspended(SPEC), cluster_of("c", {"x": 1})]), world=WORLDS)
def test_every_plan_is_sound(desired: DesiredCluster | None, world: World) -> None:
    plan = diff(desired, world)
    here = {node.name for node in world.nodes}
    for stage in plan.stages:
        assert stage, "an empty stage"
        for action in stage:
            assert action.reason.code.isalnum()
            assert action.reason.message
            if isinstance(action, StartNode):
                assert action.node.name not in here, "it would be started twice"
        for action in stage:
            if isinstance(action, StopNode):
                assert action.node in here, "it can't be stopped"
                here.discard(action.node)
            elif isinstance(action, StartNode):
                here.add(action.node.name)
            elif isinstance(action, RemoveCluster):
                assert not here, "nodes would be left behind"
    assert here == {node.name for node in (desired.nodes if desired else ())}
