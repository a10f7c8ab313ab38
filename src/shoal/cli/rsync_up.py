"""`shoal rsync-up NAME A B`."""

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console
from shoal.runtime.address import Address


@click.command("rsync-up")
@cluster_argument
@click.argument("source", metavar="HERE", type=click.Path())
@click.argument("target", metavar="THERE")
@click.pass_obj
def command(console: Console, cluster: Address, source: str, target: str) -> int:
    """Copy HERE, a file or folder, to THERE on the head. A folder with a slash at its end means what is in it.

    A relative THERE starts in the head's working directory, which goes when the head does.
    """
    from shoal.runtime.backend_for import backend_of

    console.say(f"copied to {backend_of(cluster).copy_up(cluster.name, source, target)}")
    return 0
