"""`shoal job logs|status|stop NAME ID`."""

from typing import TYPE_CHECKING

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console, format_option, render
from shoal.cli.following import job_argument
from shoal.runtime.address import Address

if TYPE_CHECKING:
    from shoal.engine.jobs import Job, Jobs

STOP_PATIENCE_S = 15.0  # Ray sends SIGKILL 3 s after SIGTERM
LOOK_AGAIN_S = 0.2


@click.group("job")
def command() -> None:
    """Show, follow or stop one job. `shoal jobs NAME` lists them."""


@command.command("logs")
@cluster_argument
@job_argument
@click.option("-f", "--follow", "go_on", is_flag=True, help="Until the job has ended; the exit code is then the job's.")
@click.pass_obj
def logs(console: Console, cluster: Address, job_id: str, go_on: bool) -> int:
    """Print what a job has printed."""
    from shoal.cli.following import follow, nearest_named
    from shoal.runtime.jobs import jobs_of

    with jobs_of(cluster) as jobs, nearest_named(jobs, cluster.name, job_id):
        if go_on:
            jobs.get(job_id)
            return follow(console, jobs, cluster.name, job_id)
        click.echo(jobs.logs(job_id).encode(errors="replace"), nl=False)
    return 0


@command.command("status")
@cluster_argument
@job_argument
@format_option()
@click.pass_obj
def status(console: Console, cluster: Address, job_id: str, output: str) -> int:
    """Show how a job is, and why it failed if it did."""
    from shoal.cli.following import nearest_named
    from shoal.cli.jobs import COLUMNS, WIDE, row
    from shoal.runtime.jobs import jobs_of

    with jobs_of(cluster) as jobs, nearest_named(jobs, cluster.name, job_id):
        job = jobs.get(job_id)
    console.emit(render([row(job)], COLUMNS, WIDE, output))
    if job.status == "FAILED" and output in ("table", "wide"):
        console.say((job.message or "").strip())
    return 0


@command.command("stop")
@cluster_argument
@job_argument
@click.pass_obj
def stop(console: Console, cluster: Address, job_id: str) -> int:
    """Stop a job, and wait until it has ended."""
    from shoal.cli.following import nearest_named
    from shoal.runtime.jobs import jobs_of

    with jobs_of(cluster) as jobs:
        with nearest_named(jobs, cluster.name, job_id):
            stopped = jobs.stop(job_id)
        job = _ended(jobs, job_id)
    console.say(f"{job_id} {job.status}" if stopped else f"{job_id} had ended before: {job.status}")
    return 0


def _ended(jobs: "Jobs", job_id: str) -> "Job":
    import time

    from shoal.errors import DeadlineExceeded

    deadline = time.monotonic() + STOP_PATIENCE_S
    while not (job := jobs.get(job_id)).ended:
        if time.monotonic() > deadline:
            raise DeadlineExceeded(
                f"it is {job.status} {STOP_PATIENCE_S:g} s after it was asked to end",
                where=job_id,
                next_step="the same command again goes on waiting",
            )
        time.sleep(LOOK_AGAIN_S)
    return job
