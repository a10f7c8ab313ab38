"""`shoal rsync-down NAME A B`."""

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console
from shoal.runtime.address import Address


@click.command("rsync-down")
@cluster_argument
@click.argument("source", metavar="THERE")
@click.argument("target", metavar="HERE", type=click.Path())
@click.pass_obj
def command(console: Console, cluster: Address, source: str, target: str) -> int:
    """Copy THERE, a file or folder on the head, to HERE. A folder with a slash at its end means what is in it.

    A relative THERE starts in the head's working directory.
    """
    from shoal.runtime.backend_for import backend_of

    console.say(f"copied to {backend_of(cluster).copy_down(cluster.name, source, target)}")
    return 0
