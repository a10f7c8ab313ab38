"""Workers that a new head doesn't let in, as they were made from other settings."""

import pytest
from msgspec.structs import replace
from seating import TENDED, Place, wanted

from shoal.desired.cluster import HEAD_GROUP, DesiredCluster
from shoal.plan.actions import StopNode
from shoal.plan.left_behind import may_be_behind
from shoal.plan.seats import seated
from shoal.world.snapshot import Phase

OLD = wanted({"g": 2})
NEW = wanted({"g": 2}, templates={HEAD_GROUP: "two", "g": "two"})


def with_a_new_head(new: DesiredCluster = NEW, *, outside: bool = True) -> Place:
    """A cluster whose settings have changed, and whose head was made anew since: Ray sees no worker any more.

    outside: for so long that none is about to come.
    """
    place = Place()
    place.settle(OLD)
    place.now += 100
    place.die(place.head().name)
    place.settle(new)
    for name in place.names("g"):
        place.set(name, phase=Phase.STARTING, ray_id="", outside=outside)
    return place


def left(place: Place, desired: DesiredCluster = NEW) -> list[str]:
    """Which nodes are to go, as they were left behind."""
    stopped = [action for action in place.plan(desired).actions if isinstance(action, StopNode)]
    return [stop.node for stop in stopped if stop.reason.code == "LeftBehind"]


def candidates(place: Place) -> list[str]:
    return [node.name for node in may_be_behind(seated(NEW, place.world, place.now), place.world)]


def test_they_get_a_while_to_come_back() -> None:
    place = with_a_new_head(outside=False)
    place.now += 10_000
    assert not place.plan(NEW)
    assert candidates(place) == place.names("g")


def test_they_are_made_anew_then() -> None:
    place = with_a_new_head()
    assert left(place) == place.names("g")
    place.step(NEW)
    place.settle(NEW)
    assert {node.fingerprint for node in place.nodes.values()} == {"two"}
    assert candidates(place) == []


@pytest.mark.parametrize("strategy", ["keep", "roll"])
def test_no_strategy_leaves_them_outside(strategy: str) -> None:
    desired = replace(NEW, lifecycle=replace(TENDED, on_change=strategy))
    place = with_a_new_head(NEW)
    assert left(place, desired) == place.names("g")


def test_one_that_ray_sees_stays_as_it_is() -> None:
    place = with_a_new_head()
    came_back, outside = place.names("g")
    place.set(came_back, phase=Phase.RUNNING, ray_id="ray-1", outside=False)
    assert left(place) == [outside]
    place.set(outside, ray_id="ray-2")  # alive, while its pod is not ready
    assert left(place) == []


def test_nobody_was_left_behind_where_nothing_has_changed() -> None:
    place = with_a_new_head(OLD)
    assert not place.plan(OLD)


def test_a_changed_head_alone_makes_no_worker_another() -> None:
    head_alone = wanted({"g": 2}, templates={HEAD_GROUP: "two"})
    place = with_a_new_head(head_alone)
    assert not place.plan(head_alone)


def test_a_head_that_says_nothing_has_left_nobody_behind() -> None:
    place = with_a_new_head()
    place.shared = replace(place.shared, gcs=False)
    assert left(place) == []
    place.shared = replace(place.shared, gcs=True)
    place.set(place.head().name, phase=Phase.STARTING)
    assert left(place) == []


def test_workers_that_came_after_their_head_are_no_business_of_this() -> None:
    place = Place()
    place.settle(NEW)
    old = {"fingerprint": "one", "edition": "one", "created": place.now}
    for name in place.names("g"):
        place.set(name, phase=Phase.STARTING, ray_id="", outside=True, **old)
    assert left(place) == []
