"""`shoal up FILE`."""

from typing import TYPE_CHECKING

import click

from shoal.cli.completions import where_options
from shoal.cli.console import Console
from shoal.cli.notes import say_unhonoured

if TYPE_CHECKING:
    from shoal.backends.base import Backend


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
@where_options
@click.option("-y", "--yes", is_flag=True, help="Don't ask before changing something.")
@click.option(
    "--timeout", type=click.IntRange(0), help="Seconds to wait for every node; by default 120, on Kubernetes 600."
)
@click.option(
    "--port",
    "ports",
    multiple=True,
    callback=_ports,
    metavar="NAME=N",
    help="Demand a port of this machine, as client=10001.",
)
@click.pass_obj
def command(
    console: Console,
    file: str,
    cluster: str,
    context: str | None,
    namespace: str,
    yes: bool,
    timeout: int | None,
    ports: dict[str, int],
) -> int:
    """Make a cluster as FILE says, and wait until Ray itself sees every node.

    Run again after a change of FILE or a crash, it does what is missing and nothing else. Without --context a cluster
    that lives on Kubernetes stays there, and a new one is made of processes on this machine.
    """
    from shoal.cli.carry_out import carry_out
    from shoal.runtime.address import Address
    from shoal.runtime.backend_for import backend_for, is_on_kubernetes
    from shoal.runtime.spec_file import cluster_in

    spec = cluster_in(file, cluster, lambda name: is_on_kubernetes(Address(name, context, namespace)))
    name = spec.desired.name
    backend = backend_for(spec, ports, Address(name, context, namespace))
    if backend.where:
        console.say(f"{name} on Kubernetes: {backend.where}")
    say_unhonoured(console, spec, backend)
    go_on = f"`shoal up {file}` takes it up again, `shoal down {name}` removes it"
    status = carry_out(
        console,
        backend,
        name,
        spec.desired,
        yes=yes,
        timeout_s=backend.patience_s if timeout is None else timeout,
        when_interrupted=f"what was started goes on; {go_on}",
    )
    console.say(f"{name} is {status.state}: {status.message}", style="green")
    if status.ready:
        _say_ways_in(console, name, backend)
    return 0


def _say_ways_in(console: Console, name: str, backend: "Backend") -> None:
    console.say(f"  shoal exec {name} -- python script.py")
    console.say(f"  shoal submit {name} --working-dir . -- python script.py")
    console.say(f"  shoal connect {name} -- python script.py")
    if not backend.addresses_last:
        console.say(f"  shoal attach {name} --port 8265   for its dashboard here")
        return
    with backend.reach(name) as endpoints:
        console.say(f"  dashboard at {endpoints.dashboard}, its token in {endpoints.token_path}")
