"""How long following bears a silent dashboard, on a clock that only moves when it waits."""

from collections.abc import Iterator

import pytest

from shoal.engine.jobs import Job, JobStatus
from shoal.engine.jobs_errors import DashboardUnreachable
from shoal.engine.jobs_follow import LAST_CHECK_S, PATIENCE_S, follow

RUNNING = Job(type="SUBMISSION", status=JobStatus.RUNNING, entrypoint="x")
DONE = Job(type="SUBMISSION", status=JobStatus.SUCCEEDED, entrypoint="x")


class World:
    """A dashboard that answers from a script (None: not at all), a socket that never opens, and a clock."""

    seen, recent, finished = 0, "", False

    def __init__(self, answers: Iterator[Job | None]) -> None:
        self.answers = answers
        self.time = 0.0
        self.asked: list[float] = []
        self.closed = False

    def get(self, _: str) -> Job:
        self.asked.append(self.time)
        answer = next(self.answers)
        if answer is None:
            raise DashboardUnreachable("gone")
        return answer

    def logs(self, _: str) -> str:
        return "all of it"

    def receive(self, _: float) -> str | None:
        return None

    def close(self) -> None:
        self.closed = True

    def wait(self, seconds: float) -> None:
        self.time += seconds

    def follow(self) -> str:
        return "".join(follow(self, self, "id", now=lambda: self.time, wait=self.wait))


def repeated(*answers: tuple[Job | None, int]) -> Iterator[Job | None]:
    for answer, times in answers:
        yield from [answer] * times


def test_a_dashboard_that_comes_back_in_time_costs_nothing() -> None:
    world = World(repeated((RUNNING, 5), (None, 20), (DONE, 1)))
    assert world.follow() == "all of it"
    assert world.closed


def test_a_dashboard_that_stays_away_is_given_up_after_the_patience() -> None:
    world = World(repeated((RUNNING, 5), (None, 1000)))
    with pytest.raises(DashboardUnreachable):
        world.follow()
    assert PATIENCE_S < world.time < PATIENCE_S + 5
    assert world.closed


def test_one_that_never_answered_is_given_up_at_once() -> None:
    world = World(repeated((None, 1)))
    with pytest.raises(DashboardUnreachable):
        world.follow()


def test_a_long_job_is_asked_about_once_a_second_and_a_short_one_ten_times() -> None:
    world = World(repeated((RUNNING, 300), (DONE, 1)))
    world.follow()
    gaps = [later - earlier for earlier, later in zip(world.asked, world.asked[1:], strict=False)]
    assert gaps[0] == pytest.approx(0.1)
    assert gaps[-1] == pytest.approx(LAST_CHECK_S)
