"""`shoal exec NAME -- CMD`: way 1."""

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console
from shoal.runtime.address import Address


@click.command("exec", context_settings={"ignore_unknown_options": True})
@cluster_argument
@click.option("-i", "--stdin", "stdin", is_flag=True, help="Pass standard input on (always so on this machine).")
@click.option("-t", "--tty", is_flag=True, help="Give it a terminal (it has yours, on this machine).")
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD")
@click.pass_obj
def command(console: Console, cluster: Address, stdin: bool, tty: bool, argv: tuple[str, ...]) -> int:
    """Run CMD in the head's environment, as `kubectl exec` into the head's pod would.

    `ray.init(address="auto")` finds the cluster. The exit code is CMD's own.
    """
    from shoal.runtime.backend_for import backend_of

    return backend_of(cluster).execute(cluster.name, argv, stdin=stdin, tty=tty)
