"""What stays in memory of a cluster's spec, of a thousand clusters at a time, and what is derived anew when needed."""

import tracemalloc

import msgspec

from shoal.desired.kubernetes.settings import Settings
from shoal.plan.actions import StartNode
from shoal.reconcile import Outcome, read_spec, read_whole, reconcile
from shoal.world.kubernetes import Meta, Observed, Resource
from unit.operator.driven import raycluster

MANY = 200


def observed(name: str) -> Observed:
    spec = msgspec.Raw(msgspec.json.encode(raycluster(name)["spec"]))
    return Observed(Resource(Meta(name, "default", f"uid-of-{name}", "1"), spec))


def looked_at(name: str) -> Outcome:
    return reconcile(observed(name), Settings(), "2026-01-01T00:00:00Z")


def test_little_is_kept_of_each_spec() -> None:
    looked_at("first")
    read_spec.cache_clear()
    read_whole.cache_clear()
    tracemalloc.start()
    for number in range(MANY):
        looked_at(f"c{number}")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / MANY < 10_000


def test_a_pod_that_is_made_long_after_its_spec_was_read_has_its_template() -> None:
    first = looked_at("demo")
    read_whole.cache_clear()
    again = looked_at("demo")
    assert again.desired is not None
    started = [action.node for action in again.plan.actions if isinstance(action, StartNode)]
    assert started
    assert all(again.desired.template(node)["kind"] == "Pod" for node in started)
    assert again.desired == first.desired
