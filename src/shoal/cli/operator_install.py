"""`shoal operator install`."""

from typing import TYPE_CHECKING, Any

import click

from shoal.cli.console import Console
from shoal.cli.operator_server import checked, installation_options, options_from, with_client

if TYPE_CHECKING:
    from shoal.backends.kubernetes.client import Client
    from shoal.install.options import Options


@click.command("install")
@installation_options
@click.option(
    "--timeout", type=click.IntRange(0), default=120, show_default=True, help="Seconds to wait until it runs."
)
@click.option("--skip-preflight", is_flag=True, help="Install even where a check has failed.")
@click.option("--dry-run", is_flag=True, help="Print the manifests, and ask no server.")
@click.option("-o", "--output", type=click.Choice(("yaml", "json")), default="yaml", help="Of --dry-run.")
@click.pass_obj
def install(console: Console, /, timeout: int, skip_preflight: bool, dry_run: bool, output: str, **given: Any) -> int:
    """Put the operator onto a cluster, or bring the one that is there to what is asked for.

    Applies the definitions of Ray's kinds and the operator's own objects, and waits until it runs. Clusters that run
    already keep running. `shoal operator preflight` says beforehand what is in the way.
    """
    options = options_from(given)
    if dry_run:
        from shoal.cli.documents import documents
        from shoal.install.manifests import definitions, operator

        console.emit(documents([*definitions(), *operator(options)], output))
        return 0
    with_client(given, lambda client: _install(console, client, options, timeout, skip_preflight=skip_preflight))
    return 0


async def _install(
    console: Console, client: "Client", options: "Options", timeout_s: int, *, skip_preflight: bool
) -> None:
    from shoal.install.preflight import ACCOUNT
    from shoal.runtime.clock import SystemClock
    from shoal.runtime.installation.install import install as put
    from shoal.runtime.installation.install import refuse
    from shoal.runtime.installation.waiting import until_available

    facts, found = await checked(client, options)
    for check in found:
        if check.level != "ok" and check.check != ACCOUNT:
            console.say(f"{check.level}: {check.check}: {check.says} ({check.next_step})", style="yellow")
    if not skip_preflight:
        refuse(found)
    clock = SystemClock()
    done = await put(client, options, facts, clock, console.say)
    console.say(f"waiting until the operator runs, {timeout_s} s at most")
    await until_available(client, options, clock, timeout_s=timeout_s)
    changed = sum(one.change != "unchanged" for one in done)
    told = f"{changed} objects changed" if changed else "nothing had to be changed"
    console.say(f"the operator runs in namespace {options.namespace}; {told}", style="green")
