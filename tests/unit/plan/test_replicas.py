"""Replicas of several hosts: they live and die together."""

import pytest
from msgspec.structs import replace
from seating import TENDED, Place, wanted

from shoal.desired.cluster import Lifecycle

AUTOSCALED = replace(TENDED, autoscaled=frozenset({"tpu"}))


def running(replicas: int, hosts: int) -> Place:
    """Replicas of a group, all of them well."""
    place = Place()
    place.settle(wanted({"tpu": replicas}, hosts=hosts))
    return place


def test_hosts_of_a_replica_live_and_die_together() -> None:
    place = running(2, hosts=2)
    dead = place.names("tpu")[0]
    unit = place.nodes[dead].unit
    mates = [node.name for node in place.world.nodes if node.unit == unit]
    place.die(dead)
    place.settle(wanted({"tpu": 2}, hosts=2))
    assert sorted(place.deleted) == sorted(mates)
    assert len({place.nodes[name].unit for name in place.names("tpu")}) == 2
    assert len(place.names("tpu")) == 4


def test_a_replica_that_is_half_made_is_completed() -> None:
    place = running(1, hosts=4)
    name = place.names("tpu")[2]
    del place.nodes[name]
    place.settle(wanted({"tpu": 1}, hosts=4))
    assert place.created[-1] == name
    assert place.deleted == []


@pytest.mark.parametrize(
    ("lifecycle", "before", "after"),
    [
        *((TENDED, *hosts) for hosts in ((2, 4), (4, 2), (2, 3), (1, 2), (2, 1))),
        *((AUTOSCALED, *hosts) for hosts in ((2, 4), (4, 2), (2, 1))),
    ],
)
def test_replicas_of_another_number_of_hosts_are_made_anew(lifecycle: Lifecycle, before: int, after: int) -> None:
    place = running(2, hosts=before)
    old = set(place.names("tpu"))
    place.settle(wanted({"tpu": 2}, hosts=after, templates={"tpu": "two"}, lifecycle=lifecycle))
    assert len(place.names("tpu")) == 2 * after
    assert old.isdisjoint(place.names("tpu"))


def test_a_replica_that_is_half_made_is_not_completed_from_something_else() -> None:
    place = running(1, hosts=4)
    half = place.names("tpu")[:2]
    for name in half:
        del place.nodes[name]
    changed = wanted({"tpu": 1}, hosts=4, templates={"tpu": "two"})
    place.settle(changed)
    assert {place.nodes[name].fingerprint for name in place.names("tpu")} == {"two"}


@pytest.mark.parametrize("lifecycle", [TENDED, AUTOSCALED])
def test_a_host_that_vanishes_takes_its_replica_along(lifecycle: Lifecycle) -> None:
    place = running(1, hosts=2)
    name, mate = place.names("tpu")
    gone = place.nodes.pop(name)
    place.gone[gone.group, gone.seat.number] = name
    place.settle(wanted({"tpu": 1}, hosts=2, lifecycle=lifecycle))
    assert len(place.names("tpu")) == 2
    assert mate not in place.names("tpu")


def test_replicas_that_another_operator_has_not_marked_stay_as_they_are() -> None:
    place = running(2, hosts=2)
    for name in place.names("tpu"):
        place.set(name, unit="", adopted=False, fingerprint="", edition="")
    before = set(place.names("tpu"))
    place.settle(wanted({"tpu": 2}, hosts=2))
    assert set(place.names("tpu")) == before
