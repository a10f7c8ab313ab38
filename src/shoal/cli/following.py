"""What the verbs about jobs share: a job by its id, and following it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from shoal.cli.console import Console
from shoal.errors import ActionFailed

if TYPE_CHECKING:
    from shoal.engine.jobs import Job, Jobs

INTERRUPTED = 130


class JobNotRun(ActionFailed):
    """The job failed before its command ran, or its command was killed by a signal.

    The message is Ray's own: a runtime environment that could not be made, no node with the resources that the
    entrypoint asks for, a head that ended. `shoal logs NAME` has the rest. Submit it again once that is mended.
    """

    code = "E410"


def follow(console: Console, jobs: "Jobs", name: str, job_id: str) -> int:
    """Print the log on stdout as it comes, until the job has ended; its exit code.

    Ctrl-C leaves the job alone. Raises JobNotRun.
    """
    from shoal.cli.failure import report
    from shoal.engine.jobs_errors import LogUnreadable

    try:
        try:
            for piece in jobs.follow(job_id):
                click.echo(piece.encode(errors="replace"), nl=False)
        except LogUnreadable as error:
            report(error)
        return _ended(console, jobs.get(job_id))
    except KeyboardInterrupt:
        console.say(f"\ndetached; job {job_id} goes on")
        console.say(f"  shoal job logs {name} {job_id} --follow   comes back to it")
        console.say(f"  shoal job stop {name} {job_id}            stops it")
        return INTERRUPTED


def _ended(console: Console, job: "Job") -> int:
    code = 1 if job.exit_code is None else job.exit_code
    if job.status == "FAILED" and (job.driver_exit_code or 0) <= 0:
        why = (job.message or "Ray gives no reason").strip().splitlines()[0]
        raise JobNotRun(f"the job did not run to its end: {why}", where=job.submission_id or "")
    console.say(f"{job.submission_id} {job.status}" + (f", exit code {code}" if code else ""), style=_style(code))
    return code


def _style(code: int) -> str:
    return "red" if code else "green"


@contextmanager
def nearest_named(jobs: "Jobs", name: str, job_id: str) -> Iterator[None]:
    """Where there is no job ``job_id``, the error names the id that is nearest to it."""
    from shoal.engine.jobs_errors import JobNotFound

    try:
        yield
    except JobNotFound as error:
        from difflib import get_close_matches

        near = get_close_matches(job_id, [job.submission_id or "" for job in jobs.list()], n=1)
        step = f"did you mean {near[0]!r}?" if near else f"`shoal jobs {name}` lists the jobs"
        raise JobNotFound(error.what, where=name, next_step=step) from None


def _live_ids(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from shoal.errors import ShoalError
    from shoal.runtime.address import Address
    from shoal.runtime.jobs import jobs_of

    said = ctx.params
    try:
        with jobs_of(Address(said["name"], said.get("context"), said.get("namespace") or "")) as reached:
            jobs = reached.list()
    except (ShoalError, OSError, KeyError):  # nothing to complete with; the verb itself will say why
        return []
    return [job.submission_id for job in jobs if job.submission_id and job.submission_id.startswith(incomplete)]


job_argument: Callable[[Any], Any] = click.argument("job_id", metavar="ID", shell_complete=_live_ids)
