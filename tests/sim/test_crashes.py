"""A crash at every moment of every action, and at every pair of them: the same end, by the same creates and deletes."""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import pytest

from shoal.backends.memory import MemoryBackend
from shoal.desired.cluster import DesiredCluster
from shoal.runtime.converge import Silent, converge
from shoal.testing.clock import VirtualClock, run_now
from shoal.testing.faults import Crash, CrashPoints
from shoal.testing.specs import cluster_of, suspended
from shoal.world.snapshot import World

NAME = "c"
SPEC = cluster_of(NAME, {"a": 2, "b": 1})
TWO_CPUS = {"num-cpus": "2"}
Ended = tuple[World, Counter[str], Counter[str]]


class Scenario(msgspec.Struct, frozen=True):
    """What is there before, and where the change that is crashed shall lead. None: to nothing."""

    before: Callable[[MemoryBackend], None]
    target: DesiredCluster | None


def take(backend: MemoryBackend, target: DesiredCluster | None) -> None:
    """Run `up` or `down` to its end."""
    run_now(converge(backend, NAME, target, VirtualClock(), Silent(), 60))


def nothing(backend: MemoryBackend) -> None:
    """No cluster."""


def running(backend: MemoryBackend) -> None:
    """The cluster, ready."""
    take(backend, SPEC)


def without(node: str) -> Callable[[MemoryBackend], None]:
    """The cluster, one node of it killed from outside."""

    def before(backend: MemoryBackend) -> None:
        take(backend, SPEC)
        backend.kill(NAME, node)

    return before


def cut_off_down(point: str) -> Callable[[MemoryBackend], None]:
    """The cluster after a `down` that crashed at ``point``."""

    def before(backend: MemoryBackend) -> None:
        take(backend, SPEC)
        backend.checkpoint = points = _CrashAtNamed(point)
        with pytest.raises(Crash):
            take(backend, None)
        assert points.hit
        backend.checkpoint = CrashPoints()

    return before


class _CrashAtNamed:
    def __init__(self, point: str) -> None:
        self.point, self.hit = point, False

    def __call__(self, moment: str, action: str) -> None:
        if f"{moment} {action}" == self.point:
            self.hit = True
            raise Crash(self.point)


def at_rest(backend: MemoryBackend) -> None:
    """The cluster, suspended."""
    take(backend, SPEC)
    take(backend, suspended(SPEC))


SCENARIOS = {
    "up": Scenario(nothing, SPEC),
    "up again": Scenario(running, SPEC),
    "down": Scenario(running, None),
    "down of a half dead cluster": Scenario(without("a-0"), None),
    "worker died": Scenario(without("a-1"), SPEC),
    "head died": Scenario(without("head"), SPEC),
    "scale up": Scenario(running, cluster_of(NAME, {"a": 4, "b": 1})),
    "scale down": Scenario(running, cluster_of(NAME, {"a": 0, "b": 1})),
    "a group added": Scenario(running, cluster_of(NAME, {"a": 2, "b": 1, "c": 2})),
    "a group changed": Scenario(running, cluster_of(NAME, {"a": 2, "b": 1}, params={"a": TWO_CPUS})),
    "the head changed": Scenario(running, cluster_of(NAME, {"a": 2, "b": 1}, params={"headgroup": TWO_CPUS})),
    "all at once": Scenario(without("a-0"), cluster_of(NAME, {"a": 1, "c": 2}, params={"headgroup": TWO_CPUS})),
    "another group while the head is dead": Scenario(without("head"), cluster_of(NAME, {"c": 2})),
    "suspend": Scenario(running, suspended(SPEC)),
    "resume": Scenario(at_rest, SPEC),
    "up after a down cut off before its first stop": Scenario(cut_off_down("begun stop head"), SPEC),
    "up after a down cut off within the head's stop": Scenario(cut_off_down("intended stop head"), SPEC),
    "up after a down cut off when the head was ended": Scenario(cut_off_down("done stop head"), SPEC),
    "up after a down cut off within a worker's stop": Scenario(cut_off_down("intended stop a-1"), SPEC),
    "up after a down cut off before the removal": Scenario(cut_off_down("begun remove c"), SPEC),
    "up during a removal": Scenario(cut_off_down("intended remove c"), SPEC),
    "down during a removal": Scenario(cut_off_down("intended remove c"), None),
    "another spec during a removal": Scenario(cut_off_down("intended remove c"), cluster_of(NAME, {"z": 1})),
}


NOTHING_TO_DO = {"up again", "up after a down cut off before its first stop"}


def play(scenario: Scenario, crash_at: Sequence[int]) -> tuple[MemoryBackend, CrashPoints, int]:
    """Run the change, again after every crash, until it ends; the backend, what was passed, and how often it crashed.

    Its creates and deletes are counted from the begin of the change.
    """
    backend = MemoryBackend()
    scenario.before(backend)
    backend.created.clear()
    backend.deleted.clear()
    backend.checkpoint = points = CrashPoints(crash_at)
    for crashes in range(len(crash_at) + 1):
        try:
            take(backend, scenario.target)
        except Crash:
            continue
        return backend, points, crashes
    raise AssertionError("it crashed more often than it was told to")


def ended(backend: MemoryBackend) -> Ended:
    """How it ended, without what may differ: which start of a node it was, and the order."""
    world = run_now(backend.observe(NAME))
    nodes = sorted((msgspec.structs.replace(node, ray_id="") for node in world.nodes), key=lambda node: node.name)
    return (
        msgspec.structs.replace(world, nodes=tuple(nodes)),
        Counter(backend.created),
        Counter(backend.deleted),
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_crash_at_any_moment_changes_nothing_but_the_number_of_runs(name: str) -> None:
    backend, points, _ = play(SCENARIOS[name], ())
    undisturbed = ended(backend)
    assert bool(points.passed) != (name in NOTHING_TO_DO)
    for moment, passed in enumerate(points.passed):
        disturbed, _, crashes = play(SCENARIOS[name], (moment,))
        assert crashes == 1
        assert ended(disturbed) == undisturbed, passed


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_second_crash_at_any_moment_of_the_recovery_changes_nothing_either(name: str) -> None:
    backend, points, _ = play(SCENARIOS[name], ())
    undisturbed = ended(backend)
    for first in range(len(points.passed)):
        second = first + 1
        while True:
            disturbed, again, crashes = play(SCENARIOS[name], (first, second))
            assert ended(disturbed) == undisturbed, (points.passed[first], again.passed[first + 1 : second + 1])
            if crashes < 2:  # the recovery has no such moment any more
                break
            second += 1


def test_every_kind_of_moment_is_crashed_at() -> None:
    moments = {passed.split()[0] for scenario in SCENARIOS.values() for passed in play(scenario, ())[1].passed}
    assert moments == {"begun", "intended", "done", "recorded"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_crash_is_recovered_from_by_down_as_well(name: str) -> None:
    _, points, _ = play(SCENARIOS[name], ())
    for moment, passed in enumerate(points.passed):
        backend = MemoryBackend()
        SCENARIOS[name].before(backend)
        backend.checkpoint = CrashPoints((moment,))
        with pytest.raises(Crash):
            take(backend, SCENARIOS[name].target)
        take(backend, None)
        assert run_now(backend.clusters()) == (), passed
        assert Counter(backend.created) >= Counter(backend.deleted)


def test_the_spec_that_counts_is_the_last_one_also_when_the_set_up_was_cut_off_with_another() -> None:
    backend = MemoryBackend(_CrashAtNamed("intended prepare c"))
    with pytest.raises(Crash):
        take(backend, SPEC)
    backend.checkpoint = CrashPoints()
    other = cluster_of(NAME, {"z": 1})
    take(backend, other)
    assert run_now(backend.observe(NAME)).wanted == other
