"""Whatever goes wrong on the way, the operator comes to the same end by the same creates and deletes; then it rests."""

import asyncio
import os
from collections.abc import Callable
from functools import cache
from random import Random

import pytest
from operator_sim.history import Ended, Play
from operator_sim.operators import Crash
from operator_sim.scenarios import FLEETING, SCENARIOS

from shoal.backends.kubernetes.transport import Request
from shoal.testing.fakeapi import DONE_UNHEARD, NOT_DONE, Fault, at

READS = ("GET",)
EXHAUSTIVE = os.environ.get("SHOAL_SIM") == "all"
SAMPLE = 3
PAIRS = 100 if EXHAUSTIVE else 5


@cache
def undisturbed(scenario: str) -> tuple[Ended, int, int]:
    """How it ends when nothing goes wrong; how many requests, and how many writes that took."""
    play = Play()
    ended = asyncio.run(play.play(scenario))
    return ended, len(play.api.requests), len(play.api.writes)


def nth_write(number: int, fault: Fault) -> Callable[[Request, int], Fault | None]:
    """Only the write of that number, from 0, goes wrong."""
    return _nth(number, fault, lambda request: request.method not in READS)


def nth_read(number: int, fault: Fault) -> Callable[[Request, int], Fault | None]:
    """Only the read of that number, from 0, goes wrong: a list, a watch, or a question about one object."""
    return _nth(number, fault, lambda request: request.method in READS)


def _nth(number: int, fault: Fault, counts: Callable[[Request], bool]) -> Callable[[Request, int], Fault | None]:
    count = -1

    def choose(request: Request, _: int) -> Fault | None:
        nonlocal count
        if not counts(request):
            return None
        count += 1
        return fault if count == number else None

    return choose


def play(scenario: str, faults: Callable[[Request, int], Fault | None], **options: object) -> Ended:
    life = Play(**options)  # type: ignore[arg-type]
    life.api.faults = faults
    return asyncio.run(life.play(scenario))


def some(numbers: int, seed: str) -> list[int]:
    """Of so many the SAMPLE that this seed gives, or all with SHOAL_SIM=all, as `make sim` sets it."""
    everything = list(range(numbers))
    return everything if EXHAUSTIVE else Random(seed).sample(everything, min(SAMPLE, numbers))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_it_rests_when_all_is_done(scenario: str) -> None:
    life = Play()

    async def run() -> None:
        await life.play(scenario)
        before = len(life.api.writes)
        for _ in range(100):
            life.clock.now += 7
            life.operators[0].doubt()
            await life.operators[0].work()
        assert life.api.writes[before:] == []

    asyncio.run(run())


@pytest.mark.slow
@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_crash_at_any_write_changes_nothing(scenario: str, applied: bool) -> None:
    ended, _, writes = undisturbed(scenario)
    for number in range(writes):
        assert play(scenario, nth_write(number, Fault(crash=Crash(), applied=applied))) == ended, number


FAULTS = {
    "404": Fault(404),
    "409": Fault(409),
    "410": Fault(410),
    "422": Fault(422),
    "429": Fault(429, retry_after_s=1),
    "500": Fault(500),
    "done and not heard": DONE_UNHEARD,
    "not done": NOT_DONE,
    "done, and answered with an error": Fault(500, applied=True),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_write_that_fails_in_any_way_changes_nothing(scenario: str, fault: str) -> None:
    ended, _, writes = undisturbed(scenario)
    for number in some(writes, f"{scenario}, {fault}"):
        assert play(scenario, nth_write(number, FAULTS[fault])) == ended, number


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_read_that_fails_changes_nothing(scenario: str) -> None:
    ended, requests, writes = undisturbed(scenario)
    for number in some(requests - writes, scenario):  # fifteen times as many as writes: each fails in one of the ways
        fault = Random(f"{scenario}, {number}").choice([*FAULTS.values()])
        assert play(scenario, nth_read(number, fault)) == ended, (number, fault)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_two_things_that_go_wrong_change_nothing(scenario: str) -> None:
    ended, requests, _ = undisturbed(scenario)
    random = Random(scenario)
    ways = [*FAULTS.values(), Fault(crash=Crash()), Fault(crash=Crash(), applied=True)]
    for _ in range(PAIRS):
        faults = {random.randrange(requests): random.choice(ways) for _ in range(2)}
        assert play(scenario, at(faults)) == ended, faults


SCALED_DOWN = [name for name in SCENARIOS if name.startswith(("scaled down", "multi-host scaled"))]


def goes_untold(life: Play, scenario: str) -> set[str]:
    """The pods that are deleted in a scenario without a word to Ray."""
    asyncio.run(life.play(scenario))
    gone = {key.rpartition("/")[2] for type_, kind, key in life.api.history() if (type_, kind) == ("DELETED", "pods")}
    assert gone
    return gone - life.ray.told


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCALED_DOWN)
def test_no_node_is_scaled_away_that_ray_was_not_told_of(scenario: str) -> None:
    _, _, writes = undisturbed(scenario)
    for number in range(writes):
        for applied in (False, True):
            life = Play()
            life.api.faults = nth_write(number, Fault(crash=Crash(), applied=applied))
            assert goes_untold(life, scenario) == set(), (number, applied)


@pytest.mark.parametrize("scenario", SCALED_DOWN)
def test_ray_is_told_again_until_it_has_heard(scenario: str) -> None:
    life = Play()
    life.ray.deaf = 3
    assert goes_untold(life, scenario) == set()


@pytest.mark.slow
@pytest.mark.parametrize("leaders", [1, 2])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_old_picture_changes_nothing_for_one_leader_or_two(scenario: str, leaders: int) -> None:
    ended, _, _ = undisturbed(scenario)
    for versions in range(1, 6):
        random = Random(versions)
        life = Play(leaders, lambda most=versions, random=random: random.randint(0, most))  # type: ignore[misc]
        after = asyncio.run(life.play(scenario))
        assert after.end == ended.end, versions
        # Who sees what was there for a moment only acts on it, and rightly so.
        assert after == ended or scenario in FLEETING, versions
