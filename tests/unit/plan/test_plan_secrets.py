"""Secrets, which nobody may list: when they are looked for and made, and which nodes go when one was filled anew."""

import pytest
from msgspec.structs import replace
from seating import TENDED, Place, wanted

from shoal.desired.cluster import HEAD_GROUP, DesiredCluster, DesiredObject
from shoal.plan.actions import ApplyObject, Plan, StopNode
from shoal.world.snapshot import Filled, Phase

SECRET = DesiredObject.of("Secret", "c", {"kind": "Secret"}, generated=("token",))


def applied(plan: Plan) -> list[str]:
    return [action.object.key for action in plan.actions if isinstance(action, ApplyObject)]


def with_secret(strategy: str = "keep") -> tuple[Place, DesiredCluster]:
    """A cluster of three nodes whose Secret is there, filled with "two", younger than they are."""
    desired = replace(wanted({"g": 2}, lifecycle=replace(TENDED, on_change=strategy, drain_s=30)), objects=(SECRET,))
    place = Place()
    place.settle(desired)
    place.shared = replace(place.shared, objects={"Secret/c": ""}, filled={"Secret/c": Filled("two", place.now + 1)})
    for name in list(place.nodes):
        place.set(name, filled={"Secret/c": "two"})
    return place, desired


def test_a_secret_that_nobody_may_list_is_looked_for_when_a_node_needs_it() -> None:
    place = Place()
    place.settle(wanted({"g": 2}))
    before = replace(wanted({"g": 2}), objects=(SECRET,))
    scaled = replace(wanted({"g": 3}), objects=(SECRET,))
    assert applied(place.plan(before)) == []
    assert applied(place.plan(scaled)) == ["Secret/c"]
    place.shared = replace(place.shared, objects={"Secret/c": ""})
    assert applied(place.plan(scaled)) == [], "it was there a moment ago"
    place.shared = replace(place.shared, doubted=frozenset({"Secret/c"}))
    assert applied(place.plan(before)) == []
    assert applied(place.plan(scaled)) == ["Secret/c"]
    for reason in ("ContainerConfig", "NotPrepared"):
        place.set(place.names("g")[0], phase=Phase.STARTING, reason=reason)
        assert applied(place.plan(before)) == ["Secret/c"]


def test_a_secret_that_was_deleted_is_made_again_though_no_node_needs_it_now() -> None:
    place = Place()
    place.settle(wanted({"g": 2}))
    place.shared = replace(place.shared, lost=frozenset({"Secret/c", "Secret/of-somebody-else"}))
    assert applied(place.plan(replace(wanted({"g": 2}), objects=(SECRET,)))) == ["Secret/c"]
    place.shared = replace(place.shared, objects={"Secret/c": ""})
    assert applied(place.plan(replace(wanted({"g": 2}), objects=(SECRET,)))) == []


@pytest.mark.parametrize("strategy", ["keep", "recreate", "roll"])
def test_nodes_that_have_what_was_in_a_secret_before_go_at_once_whatever_the_strategy(strategy: str) -> None:
    place, desired = with_secret(strategy)
    assert not place.plan(desired)
    for name in list(place.nodes):
        place.set(name, filled={"Secret/c": "one"})
    stopped = [action for action in place.plan(desired).actions if isinstance(action, StopNode)]
    assert {action.reason.code for action in stopped} == {"SecretFilledAnew"}
    assert sorted(action.node for action in stopped) == sorted(place.nodes)


def test_nodes_that_nobody_asked_for_go_too_when_their_secret_was_filled_anew() -> None:
    place, _ = with_secret()
    place.set(place.names("g")[1], filled={"Secret/c": "one"})
    fewer = replace(wanted({"g": 1}), objects=(SECRET,))
    autoscaled = replace(fewer, lifecycle=replace(TENDED, autoscaled=frozenset({"g"})))
    (stop,) = place.plan(autoscaled).actions
    assert isinstance(stop, StopNode)
    assert (stop.node, stop.reason.code) == (place.names("g")[1], "SecretFilledAnew")


def test_a_secret_that_may_be_gone_again_is_looked_for_before_nodes_go_for_it() -> None:
    place, desired = with_secret()
    place.set(place.names("g")[0], filled={"Secret/c": "one"})
    place.shared = replace(place.shared, doubted=frozenset({"Secret/c"}))
    (action,) = place.plan(desired).actions
    assert isinstance(action, ApplyObject)
    assert action.reason.code == "ObjectDoubted"


def test_nodes_without_a_note_go_if_they_are_older_than_what_is_in_their_secret() -> None:
    place, desired = with_secret()
    for name in list(place.nodes):
        place.set(name, filled={})
    assert {type(action) for action in place.plan(desired).actions} == {StopNode}
    changed = replace(wanted({"g": 2}, templates={HEAD_GROUP: "two", "g": "two"}), objects=(SECRET,))
    assert not place.plan(changed), "what they are made from may need no Secret"
    place.shared = replace(place.shared, filled={"Secret/c": Filled("two", 0.0)})
    assert not place.plan(desired), "it was there before them"
    place.shared = replace(place.shared, filled={})
    assert not place.plan(desired), "somebody else has filled it"
