"""What people are told about a cluster, in every state that it can be in."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.desired.cluster import DesiredCluster
from shoal.status.conditions import State, status_of
from shoal.testing.expect import expect_nodes
from shoal.testing.specs import cluster_of, suspended
from shoal.world.snapshot import ObservedNode, Phase, World

SPEC = cluster_of("c", {"w": 1})


def world_of(head: Phase | None, worker: Phase | None, *, gcs: bool = True, detail: str = "") -> World:
    """The cluster with its two nodes in these phases; None for a node that is not there."""
    nodes = tuple(
        ObservedNode(node.name, node.role, node.group, node.fingerprint, phase, detail)
        for node, phase in zip(SPEC.nodes, (head, worker), strict=True)
        if phase is not None
    )
    return World("c", begun=True, prepared=True, wanted=SPEC, nodes=nodes, gcs=gcs)


@pytest.mark.parametrize(
    ("head", "worker", "state", "message"),
    [
        (Phase.RUNNING, Phase.RUNNING, State.READY, "2/2 nodes ready"),
        (Phase.RUNNING, Phase.STARTING, State.STARTING, "1/2 nodes ready; w-0: Ray does not see it yet"),
        (Phase.STARTING, Phase.STARTING, State.STARTING, "0/2 nodes ready; head: Ray does not see it yet"),
        (Phase.RUNNING, Phase.DEAD, State.DEGRADED, "1/2 nodes ready; w-0: its processes have ended"),
        (Phase.RUNNING, None, State.DEGRADED, "1/2 nodes ready; w-0: it is not there"),
        (Phase.DEAD, Phase.STARTING, State.DOWN, "0/2 nodes ready; head: its processes have ended"),
        (None, None, State.DOWN, "0/2 nodes ready; head: it is not there"),
        (Phase.RUNNING, Phase.STOPPING, State.STARTING, "1/2 nodes ready; w-0: it is being stopped"),
    ],
)
def test_a_cluster_in_one_word_and_what_blocks_it(
    head: Phase | None, worker: Phase | None, state: State, message: str
) -> None:
    status = status_of(SPEC, world_of(head, worker))
    assert (status.state, status.message) == (state, message)


def test_a_silent_gcs_is_named_as_the_cause() -> None:
    status = status_of(SPEC, world_of(Phase.STARTING, Phase.STARTING, gcs=False))
    assert status.nodes[1].message == "the head's GCS does not answer yet"


def test_a_dead_node_says_its_last_words_and_the_next_step() -> None:
    node = status_of(SPEC, world_of(Phase.RUNNING, Phase.DEAD, detail="out of memory")).nodes[1]
    assert (node.reason, node.message) == ("NodeDied", "out of memory")
    assert "shoal up" in node.next_step
    assert "shoal logs c --node w-0" in node.next_step


def test_a_node_that_the_spec_no_longer_asks_for_is_shown_and_never_ready() -> None:
    status = status_of(cluster_of("c", {}), world_of(Phase.RUNNING, Phase.RUNNING))
    expect_nodes(status, head="RayAlive", w_0="NodeNotWanted")
    assert status.state is State.DEGRADED


def test_what_does_not_exist_is_absent() -> None:
    assert status_of(None, World("c")).state is State.ABSENT
    assert status_of(SPEC, World("c")).state is State.ABSENT


def test_a_suspended_cluster_says_how_to_resume() -> None:
    status = status_of(suspended(SPEC), World("c", begun=True, prepared=True))
    assert status.state is State.SUSPENDED
    assert "suspend: false" in status.message


def test_a_cluster_that_is_to_be_suspended_and_still_runs_is_not_called_suspended() -> None:
    assert status_of(suspended(SPEC), world_of(Phase.RUNNING, None)).state is not State.SUSPENDED


def test_a_removal_that_was_cut_off_names_the_command_that_finishes_it() -> None:
    world = msgspec.structs.replace(world_of(Phase.RUNNING, Phase.RUNNING), removing=True)
    status = status_of(SPEC, world)
    assert status.state is State.REMOVING
    assert "shoal down c" in status.message


def test_an_empty_folder_is_called_a_set_up_that_was_cut_off() -> None:
    status = status_of(None, World("c", begun=True))
    assert status.state is State.DOWN
    assert "cut off" in status.message
    assert "shoal down c" in status.message


@given(
    head=st.sampled_from([None, *Phase]),
    worker=st.sampled_from([None, *Phase]),
    gcs=st.booleans(),
    removing=st.booleans(),
    desired=st.sampled_from([None, SPEC, suspended(SPEC)]),
)
def test_ready_means_that_every_wanted_node_runs_and_nothing_else_does(
    head: Phase | None, worker: Phase | None, gcs: bool, removing: bool, desired: DesiredCluster | None
) -> None:
    world = msgspec.structs.replace(world_of(head, worker, gcs=gcs), removing=removing)
    status = status_of(desired, world)
    assert status.ready == (desired is SPEC and not removing and head is worker is Phase.RUNNING)
    assert status.message
    for node in status.nodes:
        assert node.reason
        assert node.ready or node.message
