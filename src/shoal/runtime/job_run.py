"""One job, from its submission to its end."""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import msgspec

from shoal.engine.jobs import Job, Jobs
from shoal.engine.jobs_follow import follow
from shoal.engine.jobs_tail import Tail
from shoal.errors import ActionFailed

LONGEST_LAST_LINE = 200
"""Characters of a failed job's log that its error repeats."""


class JobResult(msgspec.Struct, frozen=True):
    """A job that has ended. exit_code: of its entrypoint, as ``shoal submit`` would exit; log: all that it printed."""

    job: Job
    exit_code: int
    log: str


class JobFailed(ActionFailed):
    """A job that was submitted and waited for from Python ended with another exit code than 0.

    The message has the last line of its log; the error's `result` has the whole log, the exit code and the job as Ray
    reports it. `submit(..., check=False)` returns such a result instead of raising this.
    """

    code = "E411"

    def __init__(self, cluster: str, result: JobResult) -> None:
        last = (result.log or result.job.message or "").strip().rpartition("\n")[2][:LONGEST_LAST_LINE]
        super().__init__(
            f"job {result.job.submission_id} ended with exit code {result.exit_code}" + (f": {last}" if last else ""),
            where=cluster,
            next_step=f"its whole log: `shoal job logs {cluster} {result.job.submission_id}`",
        )
        self.result = result


async def run_job(
    jobs: Jobs, entrypoint: str, working_dir: Path | str | None, runtime_env: Mapping[str, Any] | None
) -> JobResult:
    """Submit ``entrypoint`` and wait until it has ended. Cancelled, it stops to follow; the job goes on.

    Raises what ``Jobs.submit`` and ``Jobs.follow`` raise.
    """
    deserted = threading.Event()

    def run() -> JobResult:
        job_id = jobs.submit(entrypoint, working_dir=working_dir, runtime_env=runtime_env)
        log = "".join(follow(_Watched(jobs, deserted), Tail(jobs.dashboard, job_id), job_id))
        job = jobs.get(job_id)
        return JobResult(job, 1 if job.exit_code is None else job.exit_code, log)

    try:
        return await asyncio.to_thread(run)
    finally:
        deserted.set()  # a thread can't be cancelled from outside


class _Watched:
    """Jobs as ``follow`` asks for them, until nobody waits for the answer."""

    def __init__(self, jobs: Jobs, deserted: threading.Event) -> None:
        self._deserted = deserted
        self._get = jobs.get
        self.logs = jobs.logs

    def get(self, submission_id: str) -> Job:
        if self._deserted.is_set():
            raise CancelledError
        return self._get(submission_id)
