"""Workers that a new head doesn't let in, as they were made from other settings."""

import pytest
from msgspec.structs import replace
from seating import TENDED, Place, wanted

from shoal.desired.cluster import HEAD_GROUP, DesiredCluster
from shoal.plan.actions import StopNode
from shoal.plan.left_behind import PATIENCE_S, known_at
from shoal.plan.seats import seated
from shoal.world.snapshot import Phase

OLD = wanted({"g": 2})
NEW = wanted({"g": 2}, templates={HEAD_GROUP: "two", "g": "two"})


def with_a_new_head(new: DesiredCluster = NEW) -> Place:
    """A cluster whose settings have changed, and whose head was made anew since: Ray sees no worker any more."""
    place = Place()
    place.settle(OLD)
    place.now += 100
    place.die(place.head().name)
    place.settle(new)
    for name in place.names("g"):
        place.set(name, phase=Phase.STARTING, ray_id="")
    return place


def left(place: Place, desired: DesiredCluster = NEW) -> list[str]:
    """Which nodes are to go, as they were left behind."""
    stopped = [action for action in place.plan(desired).actions if isinstance(action, StopNode)]
    return [stop.node for stop in stopped if stop.reason.code == "LeftBehind"]


def due(place: Place) -> float | None:
    return known_at(seated(NEW, place.world, place.now), place.world)


def test_they_get_a_while_to_come_back_and_are_made_anew_then() -> None:
    place = with_a_new_head()
    end = place.head().created + PATIENCE_S
    place.now = end - 1
    assert not place.plan(NEW)
    assert due(place) == end
    place.now = end
    assert left(place) == place.names("g")
    place.step(NEW)
    place.settle(NEW)
    assert {node.fingerprint for node in place.nodes.values()} == {"two"}
    assert due(place) is None


@pytest.mark.parametrize("strategy", ["keep", "roll"])
def test_no_strategy_leaves_them_outside(strategy: str) -> None:
    desired = replace(NEW, lifecycle=replace(TENDED, on_change=strategy))
    place = with_a_new_head(NEW)
    place.now = place.head().created + PATIENCE_S
    assert left(place, desired) == place.names("g")


def test_one_that_ray_sees_stays_as_it_is() -> None:
    place = with_a_new_head()
    came_back, outside = place.names("g")
    place.set(came_back, phase=Phase.RUNNING, ray_id="ray-1")
    place.now = place.head().created + PATIENCE_S
    assert left(place) == [outside]
    place.set(outside, ray_id="ray-2")  # alive, while its pod is not ready
    assert left(place) == []


def test_nobody_was_left_behind_where_nothing_has_changed() -> None:
    place = with_a_new_head(OLD)
    place.now = place.head().created + 10 * PATIENCE_S
    assert not place.plan(OLD)


def test_a_changed_head_alone_makes_no_worker_another() -> None:
    head_alone = wanted({"g": 2}, templates={HEAD_GROUP: "two"})
    place = with_a_new_head(head_alone)
    place.now = place.head().created + 10 * PATIENCE_S
    assert not place.plan(head_alone)


def test_a_head_that_says_nothing_has_left_nobody_behind() -> None:
    place = with_a_new_head()
    place.now = place.head().created + PATIENCE_S
    place.shared = replace(place.shared, gcs=False)
    assert left(place) == []
    place.shared = replace(place.shared, gcs=True)
    place.set(place.head().name, phase=Phase.STARTING)
    assert left(place) == []


def test_workers_that_came_after_their_head_are_no_business_of_this() -> None:
    place = Place()
    place.settle(NEW)
    for name in place.names("g"):
        place.set(name, phase=Phase.STARTING, ray_id="", fingerprint="one", edition="one", created=place.now)
    place.now += 10 * PATIENCE_S
    assert left(place) == []
