"""`shoal down NAME`."""

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console


@click.command("down")
@cluster_argument
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option(
    "--timeout", type=click.IntRange(0), default=60, show_default=True, help="Seconds to wait until it is gone."
)
@click.pass_obj
def command(console: Console, name: str, yes: bool, timeout: int) -> int:
    """Stop a cluster and remove everything of it but its logs (`shoal logs NAME --dead`)."""
    from shoal.cli.carry_out import carry_out
    from shoal.errors import ClusterUnknown
    from shoal.runtime.backend_for import backend_of, known_clusters

    known = known_clusters()
    if name not in known:
        raise ClusterUnknown(name, known)
    half_gone = f"it is half gone; `shoal down {name}` again ends it"
    carry_out(console, backend_of(name), name, None, yes=yes, timeout_s=timeout, when_interrupted=half_gone)
    console.say(f"{name} is gone; `shoal logs {name} --dead` reads its logs", style="green")
    return 0
