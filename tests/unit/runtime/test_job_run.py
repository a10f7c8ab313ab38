"""One job, from its submission to its end, with a cluster that plays the job."""

import asyncio
import threading
from typing import Any

import pytest

from shoal.engine.jobs import Job, Jobs, JobStatus
from shoal.runtime.job_run import JobFailed, JobResult, run_job

NOBODY_LISTENS = "http://127.0.0.1:9"


def job(status: JobStatus, driver_exit_code: int | None = None, message: str | None = None) -> Job:
    return Job(
        type="SUBMISSION",
        status=status,
        entrypoint="x",
        submission_id="night",
        driver_exit_code=driver_exit_code,
        message=message,
    )


class PlayedJobs(Jobs):
    """Every job is ``state`` from the moment it is asked about. looks: how many times; looked: after the first."""

    def __init__(self, state: Job) -> None:
        super().__init__(NOBODY_LISTENS)
        self.state = state
        self.looks = 0
        self.looked = threading.Event()

    def submit(self, entrypoint: str, **options: Any) -> str:
        return "night"

    def get(self, submission_id: str) -> Job:
        self.looks += 1
        self.looked.set()
        return self.state

    def logs(self, submission_id: str) -> str:
        return "one\ntwo\n"


def test_a_job_is_waited_for_and_its_log_brought_along() -> None:
    failed = job(JobStatus.FAILED, 3)
    assert asyncio.run(run_job(PlayedJobs(failed), "x", None, None)) == JobResult(failed, 3, "one\ntwo\n")


def test_a_cancelled_wait_stops_to_follow_the_job() -> None:
    jobs = PlayedJobs(job(JobStatus.RUNNING))

    async def leave() -> None:
        waiting = asyncio.create_task(run_job(jobs, "x", None, None))
        await asyncio.to_thread(jobs.looked.wait)
        waiting.cancel()
        await waiting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(leave())  # it ends no earlier than the threads of its loop


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (JobResult(job(JobStatus.FAILED, 3), 3, "one\ntwo\n"), "ended with exit code 3: two"),
        (JobResult(job(JobStatus.STOPPED), 130, ""), "ended with exit code 130 ("),
        (JobResult(job(JobStatus.FAILED, message="no such pip package"), 1, ""), "exit code 1: no such pip package"),
    ],
)
def test_a_failed_job_says_its_exit_code_and_its_last_words(result: JobResult, says: str) -> None:
    error = JobFailed("prod", result)
    assert says in str(error)
    assert error.result is result
    assert "shoal job logs prod night" in error.next_step
