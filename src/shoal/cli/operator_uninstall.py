"""`shoal operator uninstall`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from shoal.cli.console import Console
from shoal.cli.operator_server import server_options, with_client

if TYPE_CHECKING:
    from shoal.backends.kubernetes.client import Client
    from shoal.runtime.installation.uninstall import Left


@click.command("uninstall")
@server_options
@click.option(
    "--definitions", is_flag=True, help="Also delete Ray's kinds, and with them every cluster, job and service."
)
@click.option("-y", "--yes", is_flag=True, help="Don't ask before --definitions.")
@click.option(
    "--timeout", type=click.IntRange(0), default=120, show_default=True, help="Seconds to wait for --definitions."
)
@click.pass_obj
def uninstall(console: Console, /, definitions: bool, yes: bool, timeout: int, **given: Any) -> int:
    """Take the operator off a cluster. Ray clusters keep running, and nobody tends them."""
    if definitions and not yes:
        console.confirm("This deletes every RayCluster, RayJob, RayService and RayCronJob of the cluster. Go on?")
    with_client(given, lambda client: _uninstall(console, client, given["namespace"], timeout if definitions else None))
    return 0


async def _uninstall(console: Console, client: "Client", namespace: str, definitions_s: int | None) -> None:
    """definitions_s: how long to wait for the definitions to go, None to leave them."""
    from shoal.runtime.clock import SystemClock
    from shoal.runtime.installation.uninstall import left, remove_definitions
    from shoal.runtime.installation.uninstall import uninstall as remove

    if definitions_s is not None:
        await remove_definitions(client, SystemClock(), console.say, timeout_s=definitions_s)
    done = await remove(client, namespace, console.say)
    for line in told(await left(client, namespace), namespace, anything=bool(done)):
        console.say(line)


def told(stays: "Left", namespace: str, *, anything: bool) -> Iterator[str]:
    """What is said at the end: what stays, and how it goes too."""
    if not anything:
        yield f"no operator of Shoal was installed in namespace {namespace}"
    if stays.clusters is None:
        yield "kept: whatever RayClusters there are; you may not list them"
    elif stays.clusters:
        clusters = f"{stays.clusters} RayCluster{'s' if stays.clusters > 1 else ''}"
        yield f"kept: {clusters}; what runs keeps running, untended"
    if stays.held:
        yield f"these can't be deleted until an operator runs again: {', '.join(stays.held)}"
    if stays.definitions:
        yield f"kept: the definitions {', '.join(stays.definitions)}; --definitions deletes them and all of their kinds"
    if stays.namespace:
        yield f"kept: namespace {namespace}; `kubectl delete namespace {namespace}` deletes it"
