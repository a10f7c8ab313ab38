"""`shoal jobs NAME`."""

from typing import TYPE_CHECKING, Any

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console, format_option, render
from shoal.runtime.address import Address

if TYPE_CHECKING:
    from shoal.engine.jobs import Job

COLUMNS = ("name", "status", "started", "seconds", "entrypoint")
WIDE = ("job_id", "type", "message")


@click.command("jobs")
@cluster_argument
@format_option()
@click.pass_obj
def command(console: Console, cluster: Address, output: str) -> int:
    """List the jobs of a cluster, oldest first, drivers that were started by hand among them."""
    from shoal.runtime.jobs import jobs_of

    with jobs_of(cluster) as jobs:
        rows = [row(job) for job in jobs.list()]
    if not rows and output in ("table", "wide"):
        console.say(f"no jobs; `shoal submit {cluster.name} -- CMD` makes one")
        return 0
    console.emit(render(rows, COLUMNS, WIDE, output))
    return 0


def row(job: "Job") -> dict[str, Any]:
    """A job for a table. seconds: how long it ran; it and exit_code are None until it has ended."""
    ran = (job.end_time - job.start_time) / 1000 if job.end_time and job.start_time else None
    return {
        "name": job.submission_id or job.job_id or "",
        "status": str(job.status),
        "started": _moment(job.start_time),
        "seconds": None if ran is None else round(ran, 1),
        "entrypoint": job.entrypoint,
        "exit_code": job.exit_code,
        "job_id": job.job_id or "",
        "type": job.type.lower(),
        "message": (job.message or "").strip().partition("\n")[0],
        "metadata": dict(job.metadata or {}),
    }


def _moment(milliseconds: int | None) -> str:
    """In this machine's time zone, with its offset."""
    if not milliseconds:
        return ""
    from datetime import datetime

    return datetime.fromtimestamp(milliseconds / 1000).astimezone().isoformat(timespec="seconds")
