"""`shoal submit NAME -- CMD`: way 2."""

from collections.abc import Callable
from typing import Any

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console
from shoal.runtime.address import Address


def _json(shape: Any) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """A callback that reads an option's value as JSON of this shape."""

    def read(ctx: click.Context, option: click.Parameter, value: str | None) -> Any:
        import msgspec

        try:
            return None if value is None else msgspec.json.decode(value, type=shape)
        except msgspec.DecodeError as error:
            raise click.BadParameter(f"{value!r} is not JSON of the right shape: {error}", ctx, option) from None

    return read


@click.command("submit")
@cluster_argument
@click.option("--working-dir", metavar="DIR", help="Folder, archive or URI that CMD runs in; a local one is uploaded.")
@click.option("--runtime-env", metavar="FILE", help="Runtime environment, a YAML file.")
@click.option("--runtime-env-json", metavar="JSON", callback=_json(dict[str, Any]), help="The same, as JSON.")
@click.option("--submission-id", metavar="ID", help="The job's id, instead of a random one.")
@click.option("--no-wait", is_flag=True, help="Print the id on stdout and don't follow the job.")
@click.option("--entrypoint-num-cpus", type=click.FloatRange(0), metavar="N", help="CPUs that CMD itself reserves.")
@click.option("--entrypoint-num-gpus", type=click.FloatRange(0), metavar="N", help="GPUs that CMD itself reserves.")
@click.option("--entrypoint-memory", type=click.IntRange(0), metavar="BYTES", help="Memory that CMD itself reserves.")
@click.option(
    "--entrypoint-resources", metavar="JSON", callback=_json(dict[str, float]), help='As {"special": 1}, the same.'
)
@click.option("--metadata-json", metavar="JSON", callback=_json(dict[str, str]), help="Strings to keep with the job.")
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD")
@click.pass_obj
def command(
    console: Console,
    /,
    cluster: Address,
    argv: tuple[str, ...],
    runtime_env: str | None,
    runtime_env_json: dict[str, Any] | None,
    submission_id: str | None,
    no_wait: bool,
    metadata_json: dict[str, str] | None,
    **options: Any,
) -> int:
    """Run CMD as a Ray job on the head and follow its log; the exit code is CMD's own, 130 if it was stopped.

    Ctrl-C detaches: the job goes on. CMD in one word, as 'cd x && ./run', is a line for the shell.
    """
    from shoal.cli.following import follow
    from shoal.engine.jobs import new_submission_id
    from shoal.runtime.jobs import jobs_of

    name, job_id = cluster.name, submission_id or new_submission_id()
    with jobs_of(cluster) as jobs:
        try:
            jobs.submit(
                _entrypoint(argv),
                runtime_env=_runtime_env(runtime_env, runtime_env_json),
                submission_id=job_id,
                metadata=metadata_json,
                **options,
            )
        except KeyboardInterrupt:
            step = f"`shoal job status {name} {job_id}` says whether it came through"
            console.say(f"\ninterrupted while submitting; {step}")
            raise
        if no_wait:
            console.emit(job_id)
            return 0
        console.say(f"job {job_id}")
        return follow(console, jobs, name, job_id)


def _entrypoint(argv: tuple[str, ...]) -> str:
    import shlex

    return argv[0] if len(argv) == 1 else shlex.join(argv)


def _runtime_env(file: str | None, given: dict[str, Any] | None) -> dict[str, Any] | None:
    if file is None:
        return given
    if given is not None:
        raise click.UsageError("--runtime-env and --runtime-env-json exclude each other")
    from pathlib import Path

    from shoal.engine.package_env import read_runtime_env

    return read_runtime_env(Path(file))
