"""Which pods stand for the nodes that a spec asks for, and what is done about the rest."""

import pytest
from msgspec.structs import replace
from seating import TENDED, Place, wanted

from shoal.desired.cluster import HEAD_GROUP, DesiredCluster
from shoal.plan.actions import AdoptNode, DrainNode, StartNode, StopNode
from shoal.world.snapshot import Drain, ObservedNode, Phase, Seat

DRAINING = replace(TENDED, drain_s=30)
AUTOSCALED = replace(TENDED, autoscaled=frozenset({"g", "tpu"}))


def running(groups: dict[str, int], **options: object) -> Place:
    place = Place()
    place.settle(wanted(groups, **options))  # type: ignore[arg-type]
    return place


def draining() -> tuple[Place, DesiredCluster, DrainNode]:
    """A pod is to go and was drained."""
    place, spec = running({"g": 2}, lifecycle=DRAINING), wanted({"g": 1}, lifecycle=DRAINING)
    (action,) = place.step(spec).actions
    assert isinstance(action, DrainNode)
    return place, spec, action


def test_the_same_picture_gives_the_same_names() -> None:
    first, second = Place(), Place()
    first.step(wanted({"g": 3}))
    second.step(wanted({"g": 3}))
    assert first.created == second.created
    assert len(set(first.created)) == 4


def test_another_cluster_of_that_name_gets_other_names() -> None:
    first, second = Place(), Place()
    first.step(wanted({"g": 1}))
    second.step(replace(wanted({"g": 1}), uid="uid-2"))
    assert not set(first.created) & set(second.created)


def test_names_say_what_the_pod_is() -> None:
    place = running({"small": 1})
    assert [name[:-5] for name in place.created] == ["c-head-", "c-small-worker-"]


def test_a_settled_cluster_needs_nothing() -> None:
    place = running({"g": 3})
    assert not place.plan(wanted({"g": 3}))


def test_a_larger_number_adds_pods_and_touches_none() -> None:
    place = running({"g": 2})
    before = place.names("g")
    place.settle(wanted({"g": 4}))
    assert set(before) < set(place.names("g"))
    assert place.deleted == []


def test_a_smaller_number_takes_the_pods_that_have_no_machine_first() -> None:
    place = running({"g": 3})
    waiting = place.names("g")[0]
    place.set(waiting, placed=False, phase=Phase.STARTING, ready=False, ray_id="")
    place.settle(wanted({"g": 2}))
    assert place.deleted == [waiting]


def test_workers_to_delete_are_the_ones_that_go() -> None:
    place = running({"g": 3})
    named = place.names("g")[1]
    place.settle(wanted({"g": 2}, departing=(named,)))
    assert place.deleted == [named]


def test_rays_autoscaler_says_which_pods_go() -> None:
    place = running({"g": 3}, lifecycle=AUTOSCALED)
    assert not place.plan(wanted({"g": 1}, lifecycle=AUTOSCALED))
    named = place.names("g")[0]
    place.settle(wanted({"g": 1}, lifecycle=AUTOSCALED, departing=(named,)))
    assert place.deleted == [named]
    place.settle(wanted({"g": 3}, lifecycle=AUTOSCALED))
    assert len(place.names("g")) == 3
    assert len(place.created) == 5  # those that were beyond what was asked for are needed again


def test_rays_autoscaler_has_no_say_in_what_is_dead_removed_or_suspended() -> None:
    place = running({"tpu": 2, "old": 1}, hosts=2, lifecycle=AUTOSCALED)
    dead = place.names("tpu")[0]
    mates = [node.name for node in place.world.nodes if node.unit == place.nodes[dead].unit]
    old = place.names("old")
    place.die(dead)
    place.settle(wanted({"tpu": 1}, hosts=2, lifecycle=AUTOSCALED))
    assert sorted(place.deleted) == sorted([*mates, *old])
    place.settle(wanted({"tpu": 1}, hosts=2, lifecycle=AUTOSCALED, suspended=True))
    assert not place.nodes


def test_a_name_that_is_still_listed_is_not_given_again() -> None:
    place = running({"g": 3})
    named = place.names("g")[1]
    place.settle(wanted({"g": 2}, departing=(named,)))
    place.settle(wanted({"g": 3}, departing=(named,)))
    assert place.deleted == [named]
    assert len(place.names("g")) == 3


@pytest.mark.parametrize("hosts", [1, 2])
def test_the_successor_of_a_deleted_pod_has_another_name(hosts: int) -> None:
    place = running({"g": 2}, hosts=hosts)
    for _ in range(4):
        before = place.names("g")
        for name in before:
            place.set(name, phase=Phase.STOPPING, ends=place.now + 30)
        place.step(wanted({"g": 2}, hosts=hosts))
        assert place.names("g") == []  # none before the deleted ones are gone
        place.settle(wanted({"g": 2}, hosts=hosts))
        assert len(place.names("g")) == 2 * hosts
        assert not set(place.names("g")) & set(before)
        assert max(node.seat.life for node in place.nodes.values()) <= 1  # deletions are not counted as deaths


def test_a_dead_pod_is_replaced_before_it_is_removed() -> None:
    place = running({"g": 2})
    dead = place.names("g")[0]
    place.die(dead)
    actions = place.plan(wanted({"g": 2})).actions
    assert [type(action) for action in actions] == [StartNode, StopNode]
    assert actions[1].reason.code == "NodeDied"


def test_a_pod_whose_end_was_asked_for_is_not_removed_again_when_its_processes_end() -> None:
    place = running({"g": 2})
    gone = place.names("g")[0]
    place.die(gone)
    place.set(gone, ends=place.now + 30)
    assert not [action for action in place.plan(wanted({"g": 1})).actions if isinstance(action, StopNode)]


def test_who_sees_the_dead_pod_and_who_sees_its_successor_agree() -> None:
    place = running({"g": 2})
    stale = Place()
    stale.nodes, stale.now = dict(place.nodes), place.now
    dead = place.names("g")[0]
    place.die(dead)
    stale.die(dead)
    place.step(wanted({"g": 2}))
    stale.step(wanted({"g": 2}))
    assert place.created[-1] == stale.created[-1]


def test_a_pod_that_dies_again_is_replaced_after_a_pause() -> None:
    place = running({"g": 1})
    place.die(place.names("g")[0])
    place.step(wanted({"g": 1}))
    place.finish()
    again = place.names("g")[0]
    place.die(again)
    assert not place.plan(wanted({"g": 1}))
    place.now += 11
    place.settle(wanted({"g": 1}))
    assert len(place.names("g")) == 1


def test_a_pod_that_has_died_again_goes_at_once_when_nothing_is_to_come_in_its_place() -> None:
    place = running({"g": 1})
    for _ in range(2):
        place.die(place.names("g")[-1])
        place.step(wanted({"g": 1}))
        place.finish()
    (dead,) = (node.name for node in place.nodes.values() if node.phase is Phase.DEAD)
    assert not place.plan(wanted({"g": 1}))
    for spec in (wanted({"g": 0}), wanted({"g": 1}, suspended=True)):
        assert dead in [action.node for action in place.plan(spec).actions if isinstance(action, StopNode)]


def test_a_pod_that_somebody_deletes_is_replaced_when_it_has_gone() -> None:
    place = running({"g": 2})
    going = place.names("g")[0]
    place.set(going, phase=Phase.STOPPING, ends=place.now + 30)
    assert not place.plan(wanted({"g": 2}))
    place.settle(wanted({"g": 2}))
    assert len(place.names("g")) == 2
    assert place.deleted == []


def test_a_pod_whose_machine_is_lost_is_replaced_when_it_is_late() -> None:
    place = running({"g": 2})
    place.set(place.names("g")[0], phase=Phase.STOPPING, ends=place.now + 30)
    place.now += 40
    assert [type(action) for action in place.plan(wanted({"g": 2})).actions] == [StartNode]


def test_there_is_never_a_second_head() -> None:
    place = running({"g": 1})
    head = place.head().name
    place.set(head, phase=Phase.STOPPING)
    assert not place.plan(wanted({"g": 1}))
    place.finish()
    place.settle(wanted({"g": 1}))
    assert len(place.names(HEAD_GROUP)) == 1
    assert place.deleted == []


def test_a_dead_head_is_replaced_and_its_workers_stay() -> None:
    place = running({"g": 2})
    workers = place.names("g")
    place.die(place.head().name)
    place.settle(wanted({"g": 2}))
    assert place.names("g") == workers
    assert len(place.names(HEAD_GROUP)) == 1


def test_a_removed_group_goes_with_its_pods() -> None:
    place = running({"g": 2, "h": 1})
    place.settle(wanted({"g": 2}))
    assert place.names("h") == []
    assert len(place.names("g")) == 2


def test_a_suspended_cluster_has_no_pods_and_resumes() -> None:
    place = running({"g": 2}, lifecycle=DRAINING)
    place.settle(wanted({"g": 2}, suspended=True, lifecycle=DRAINING))
    assert not place.nodes
    place.settle(wanted({"g": 2}, lifecycle=DRAINING))
    assert len(place.nodes) == 3


def test_a_drained_node_goes_when_ray_has_let_go_of_it() -> None:
    place, spec, _ = draining()
    assert not place.plan(spec)
    drained = next(node.name for node in place.nodes.values() if node.drain)
    place.set(drained, ray_id="")
    place.step(spec)
    assert place.deleted == [drained]


def test_a_drained_node_goes_at_its_deadline() -> None:
    place, spec, _ = draining()
    place.now += 29
    assert not place.plan(spec)
    place.now += 1
    assert [type(action) for action in place.plan(spec).actions] == [StopNode]


def test_a_node_is_drained_again_until_ray_knows_of_it_and_its_deadline_stays() -> None:
    place, spec, action = draining()
    place.set(action.node, drain=Drain(action.ray_id, place.now + 30, told=False))
    place.now += 9.5
    assert place.plan(spec).actions == (replace(action, deadline_s=21),)
    place.now += 20.5
    assert [type(action) for action in place.plan(spec).actions] == [StopNode]


def test_a_drained_node_has_its_time_while_ray_does_not_answer() -> None:
    place, spec, action = draining()
    place.shared = replace(place.shared, gcs=False)
    for name in place.nodes:
        place.set(name, ray_id="", phase=Phase.STARTING)
    for told in (True, False):
        place.set(action.node, drain=Drain("ab12", 1030, told))
        assert not place.plan(spec)
    place.now = 1030
    assert [type(action) for action in place.plan(spec).actions] == [StopNode]


def test_a_node_that_ray_knew_before_it_fell_silent_is_drained_all_the_same() -> None:
    place = running({"g": 2}, lifecycle=DRAINING)
    place.shared = replace(place.shared, gcs=False)
    for name in place.nodes:
        place.set(name, phase=Phase.STARTING)
    (action,) = place.plan(wanted({"g": 1}, lifecycle=DRAINING)).actions
    assert isinstance(action, DrainNode)
    assert action.ray_id == f"ray-{action.node}"


def test_no_ready_node_goes_before_ray_was_asked_about_it() -> None:
    place = running({"g": 2}, lifecycle=DRAINING)
    place.shared = replace(place.shared, gcs=False, unasked=True)
    for name in place.nodes:
        place.set(name, ray_id="", phase=Phase.STARTING)
    assert not place.plan(wanted({"g": 1}, lifecycle=DRAINING))
    assert len(place.plan(wanted({"g": 1}, lifecycle=TENDED)).actions) == 1
    assert len(place.plan(wanted({"g": 2}, suspended=True, lifecycle=DRAINING)).actions) == 3
    for name in place.names("g"):
        place.set(name, ready=False)
    assert [type(action) for action in place.plan(wanted({"g": 1}, lifecycle=DRAINING)).actions] == [StopNode]


def test_a_drained_node_goes_even_when_it_is_wanted_again() -> None:
    place = running({"g": 2}, lifecycle=DRAINING)
    place.step(wanted({"g": 1}, lifecycle=DRAINING))
    place.settle(wanted({"g": 2}, lifecycle=DRAINING))
    assert len(place.deleted) == 1
    assert len(place.names("g")) == 2


def test_pods_that_ray_does_not_know_go_without_a_drain() -> None:
    place = running({"g": 2}, lifecycle=DRAINING)
    for name in place.names("g"):
        place.set(name, ray_id="", phase=Phase.STARTING)
    assert [type(action) for action in place.plan(wanted({"g": 1}, lifecycle=DRAINING)).actions] == [StopNode]


def test_keep_leaves_changed_pods_alone() -> None:
    place = running({"g": 2})
    assert not place.plan(wanted({"g": 2}, templates={"g": "two"}))


def test_recreate_ends_every_pod_and_starts_none_before_the_head_is_gone() -> None:
    recreate = replace(TENDED, on_change="recreate")
    place = running({"g": 2}, lifecycle=recreate)
    changed = wanted({"g": 2}, templates={"g": "two"}, lifecycle=recreate)
    assert [type(action) for action in place.step(changed).actions] == [StopNode] * 3
    assert not place.plan(changed)
    place.settle(changed)
    assert len(place.deleted) == 3
    assert {place.nodes[name].fingerprint for name in place.names("g")} == {"two"}


def test_a_change_of_strategy_alone_restarts_nothing() -> None:
    place = running({"g": 2})
    assert not place.plan(wanted({"g": 2}, lifecycle=replace(TENDED, on_change="recreate")))
    assert not place.plan(wanted({"g": 2}, lifecycle=replace(TENDED, on_change="roll")))


def test_a_rolling_change_takes_one_group_after_the_other_a_quarter_at_a_time() -> None:
    roll = replace(TENDED, on_change="roll")
    place = running({"g": 8, "h": 1}, lifecycle=roll)
    changed = wanted({"g": 8, "h": 1}, templates={"g": "two", "h": "two"}, lifecycle=roll)
    assert len(place.step(changed).actions) == 2
    assert not [action for action in place.step(changed).actions if isinstance(action, StopNode)]
    place.settle(changed)
    assert {place.nodes[name].fingerprint for name in place.names("g") + place.names("h")} == {"two"}
    assert len(place.deleted) == 9


def test_a_rolling_change_drains_first() -> None:
    roll = replace(DRAINING, on_change="roll")
    place = running({"g": 2}, lifecycle=roll)
    changed = wanted({"g": 2}, templates={"g": "two"}, lifecycle=roll)
    assert [type(action) for action in place.step(changed).actions] == [DrainNode]


def test_pods_of_another_operator_are_adopted_as_they_are() -> None:
    place = Place()
    for name, role, group, number in (("x-head-abcde", "head", HEAD_GROUP, 0), ("x-g-worker-fghij", "worker", "g", 0)):
        node = ObservedNode(name, role, group, "", Phase.RUNNING, adopted=False, seat=Seat(number), ready=True)  # type: ignore[arg-type]
        place.nodes[name] = node
    plan = place.step(wanted({"g": 1}))
    assert [type(action) for action in plan.actions] == [AdoptNode, AdoptNode]
    assert not place.plan(wanted({"g": 1}))
