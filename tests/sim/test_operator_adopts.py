"""A cluster of KubeRay's, without tokens, stays as open as it was while any of its pods is left, and whole."""

import asyncio

import pytest
from operator_sim.history import Play
from operator_sim.scenarios import (
    NAMESPACE,
    TWO,
    Moment,
    both,
    change,
    delete,
    fail,
    made_by_kuberay,
    make,
    remove,
    remove_kuberays,
    unseen,
)

CLOSES = ("networkpolicies.networking.k8s.io", "secrets")
ONE_AFTER_THE_OTHER = [remove_kuberays(1), remove_kuberays(0), remove_kuberays(2), remove("head")]


def numbers(*moments: Moment) -> list[int]:
    """Of what closes the cluster once it is Ready."""
    life = Play()
    asyncio.run(life.live(made_by_kuberay, *moments))
    assert life.outside.condition("Ready")["status"] == "True", life.outside.condition("Ready")
    return [len(life.api.objects(kind, NAMESPACE)) for kind in CLOSES]


@pytest.mark.parametrize(
    "moments",
    [
        [],
        [remove_kuberays(0)],
        [unseen(remove_kuberays(0))],
        [both(fail("head"), fail("worker"))],
        ONE_AFTER_THE_OTHER,
        [*ONE_AFTER_THE_OTHER, unseen(remove("worker"))],
    ],
    ids=["none", "the head", "the head, unseen", "head and worker fail", "all, by and by", "all, and one of ours"],
)
def test_it_is_open_whichever_of_its_pods_are_lost(moments: list[Moment]) -> None:
    assert numbers(*moments) == [0, 0]


@pytest.mark.parametrize(
    "moments",
    [
        [change(suspend=True), change(suspend=False)],
        [both(*(remove_kuberays(index) for index in range(3)))],
        [both(delete, make(TWO))],
    ],
    ids=["suspended and resumed", "all at once", "made again"],
)
def test_it_is_closed_once_none_of_its_pods_is_left(moments: list[Moment]) -> None:
    assert numbers(*moments) == [1, 1]
