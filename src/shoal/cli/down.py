"""`shoal down NAME`."""

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console
from shoal.runtime.address import Address


@click.command("down")
@cluster_argument
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option(
    "--timeout", type=click.IntRange(0), default=120, show_default=True, help="Seconds to wait until it is gone."
)
@click.pass_obj
def command(console: Console, cluster: Address, yes: bool, timeout: int) -> int:
    """Stop a cluster and remove everything of it but its logs (`shoal logs NAME --dead`)."""
    import asyncio

    from shoal.cli.carry_out import carry_out
    from shoal.errors import ClusterUnknown
    from shoal.runtime.backend_for import backend_of, known_clusters

    name, backend = cluster.name, backend_of(cluster)
    if name not in asyncio.run(backend.clusters()):
        raise ClusterUnknown(name, known_clusters(), backend.where, backend.listing)
    half_gone = f"it is half gone; `shoal down {name}` again ends it"
    carry_out(console, backend, name, None, yes=yes, timeout_s=timeout, when_interrupted=half_gone)
    logs = f"; `shoal logs {name} --dead` reads its logs" if backend.keeps_logs else ""
    console.say(f"{name} is gone{logs}", style="green")
    return 0
