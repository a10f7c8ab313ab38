"""Following a job: the socket brings its lines, the Jobs API says when it has ended.

Ray closes the socket some seconds after a job ended and sends each line 1 to 3 s late, so the end is taken from the
job's state, and what the socket had not brought by then from the whole log.
"""

import time
from collections.abc import Callable, Iterator
from typing import Protocol

from shoal.engine.jobs import Job
from shoal.engine.jobs_errors import DashboardGarbled, DashboardUnreachable, JobRejected, LogUnreadable

CHECK_SHARE = 0.05
"""Each wait between two looks at the state is this share of the time waited so far."""
FIRST_CHECK_S, LAST_CHECK_S = 0.1, 1.0
PATIENCE_S = 30.0
"""How long a dashboard that once answered may fail before following is given up."""
WHOLE_LOG_LIMIT = 16 * 1024 * 1024
"""Characters. A longer log is left to the socket to finish: it comes as one JSON string otherwise."""
ATTEMPTS = 5


class _Jobs(Protocol):
    def get(self, submission_id: str, /) -> Job: ...
    def logs(self, submission_id: str, /) -> str: ...


class _Tail(Protocol):
    seen: int
    recent: str
    finished: bool

    def receive(self, timeout_s: float, /) -> str | None: ...
    def close(self) -> None: ...


def follow(
    jobs: _Jobs,
    tail: _Tail,
    submission_id: str,
    *,
    now: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[str]:
    """The pieces of the log as they come; see ``Jobs.follow``."""
    try:
        yield from _until_ended(jobs, tail, submission_id, now, wait)
        yield from _rest(jobs, tail, submission_id, wait)
    finally:
        tail.close()


def _until_ended(
    jobs: _Jobs, tail: _Tail, submission_id: str, now: Callable[[], float], wait: Callable[[float], None]
) -> Iterator[str]:
    started, answered = now(), None
    while True:
        pause = min(max((now() - started) * CHECK_SHARE, FIRST_CHECK_S), LAST_CHECK_S)
        next_check = now() + pause
        while (left := next_check - now()) > 0:
            piece = tail.receive(left)
            if piece is None:
                wait(max(next_check - now(), 0))
                break
            if piece:
                yield piece
        try:
            if jobs.get(submission_id).ended:
                return
            answered = now()
        except (DashboardUnreachable, DashboardGarbled, JobRejected):
            # A head that restarts, or one hiccup of Ray's: the job may well go on meanwhile.
            if answered is None or now() - answered > PATIENCE_S:
                raise


def _rest(jobs: _Jobs, tail: _Tail, submission_id: str, wait: Callable[[float], None]) -> Iterator[str]:
    """What the log holds beyond what was given.

    A socket that closed in order is no proof: the head closes it so too when it loses the node that has the log.
    """
    if tail.seen < WHOLE_LOG_LIMIT:
        try:
            log = jobs.logs(submission_id)
        except (JobRejected, DashboardGarbled) as error:
            raise LogUnreadable(
                f"the rest of the log of job {submission_id!r} can't be read",
                next_step=f"`shoal logs NAME` has it as job-driver-{submission_id}.log",
            ) from error
        # Ray turns \r\n into \n differently when it meets them apart: trust the count only where the text agrees.
        if log[: tail.seen].endswith(tail.recent):
            yield log[tail.seen :]
            return
    yield from _drained(tail, submission_id, wait)


def _drained(tail: _Tail, submission_id: str, wait: Callable[[float], None]) -> Iterator[str]:
    for _ in range(ATTEMPTS):
        while (piece := tail.receive(PATIENCE_S)) is not None:
            if piece:
                yield piece
        if tail.finished:
            return
        wait(LAST_CHECK_S)
    raise LogUnreadable(
        f"the log of job {submission_id!r} breaks off",
        next_step=f"`shoal logs NAME` has it as job-driver-{submission_id}.log",
    )
