"""`shoal up FILE`."""

import click

from shoal.cli.console import Console
from shoal.cli.notes import say_unhonoured


def _ports(ctx: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    ports = {}
    for value in values:
        name, _, number = value.partition("=")
        if name not in ("gcs", "dashboard", "client") or not number.isdecimal() or not 0 < int(number) < 65536:
            raise click.BadParameter(
                f"{value!r} is not like dashboard=8265; names are gcs, dashboard, client", ctx, option
            )
        ports[name] = int(number)
    return ports


@click.command("up")
@click.argument("file", type=click.Path())
@click.option("--cluster", default="", help="Which cluster, where FILE holds several.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask before changing something.")
@click.option(
    "--timeout", type=click.IntRange(0), default=120, show_default=True, help="Seconds to wait for every node."
)
@click.option(
    "--port", "ports", multiple=True, callback=_ports, metavar="NAME=N", help="Demand a port, as client=10001."
)
@click.pass_obj
def command(console: Console, file: str, cluster: str, yes: bool, timeout: int, ports: dict[str, int]) -> int:
    """Make a cluster as FILE says, and wait until Ray itself sees every node.

    Run again after a change of FILE or a crash, it does what is missing and nothing else.
    """
    from shoal.cli.carry_out import carry_out
    from shoal.runtime.backend_for import backend_for
    from shoal.runtime.spec_file import cluster_in

    spec = cluster_in(file, cluster)
    backend = backend_for(spec, ports)
    name = spec.desired.name
    say_unhonoured(console, spec)
    go_on = f"`shoal up {file}` takes it up again, `shoal down {name}` removes it"
    status = carry_out(
        console,
        backend,
        name,
        spec.desired,
        yes=yes,
        timeout_s=timeout,
        when_interrupted=f"what was started goes on; {go_on}",
    )
    console.say(f"{name} is {status.state}: {status.message}", style="green")
    if status.ready:
        endpoints = backend.endpoints(name)
        _say_ways_in(console, name, endpoints.dashboard, endpoints.token_path)
    return 0


def _say_ways_in(console: Console, name: str, dashboard: str, token_path: str) -> None:
    console.say(f"  shoal exec {name} -- python script.py")
    console.say(f"  shoal submit {name} --working-dir . -- python script.py")
    console.say(f"  shoal connect {name} -- python script.py")
    console.say(f"  dashboard at {dashboard}, its token in {token_path}")
