"""`shoal expose NAME`."""

from typing import TYPE_CHECKING

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console
from shoal.runtime.address import Address

if TYPE_CHECKING:
    from shoal.backends.kubernetes.remote.backend import KubernetesBackend
    from shoal.desired.kubernetes.exposure import Entrance


@click.command("expose")
@cluster_argument
@click.option("--host", default="", metavar="HOST", help="Under which the dashboard answers, as ray.example.com.")
@click.option("--tls", "tls_secret", default="", metavar="SECRET", help="With the certificate; makes an Ingress.")
@click.option("--class", "ingress_class", default="", metavar="CLASS", help="Of the Ingress; else the default one.")
@click.option("--gateway", default="", metavar="[NAMESPACE/]NAME", help="Make an HTTPRoute of this Gateway instead.")
@click.option("--serve-host", default="", metavar="HOST", help="Open Ray Serve too, under a host of its own.")
@click.option("--remove", is_flag=True, help="Take it all away again.")
@click.option("--dry-run", is_flag=True, help="Only print the manifests.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option("-o", "--output", type=click.Choice(("yaml", "json")), default="yaml", show_default=True)
@click.pass_obj
def command(
    console: Console,
    cluster: Address,
    host: str,
    tls_secret: str,
    ingress_class: str,
    gateway: str,
    serve_host: str,
    remove: bool,
    dry_run: bool,
    yes: bool,
    output: str,
) -> int:
    """Open a cluster's dashboard to the outside, by TLS and token only: on Kubernetes.

    Prints an Ingress or HTTPRoute with what belongs to it, and applies that. A dashboard that asks nobody for a token
    is refused. It goes with the cluster, or by --remove; the operator leaves it alone.
    """
    import asyncio

    from shoal.desired.kubernetes.exposure import Entrance
    from shoal.runtime.backend_for import on_kubernetes

    if remove and (host or dry_run):
        raise click.UsageError("--remove takes no --host and no --dry-run")
    if not (remove or host):
        raise click.UsageError("say under which --host, or --remove")
    if tls_secret and gateway:
        raise click.UsageError("--tls is of an Ingress, and a Gateway has its own certificate: give one of the two")
    backend = on_kubernetes(cluster)
    if remove:
        return asyncio.run(_remove(console, backend, cluster.name))
    entrance = Entrance(host, serve_host, tls_secret, ingress_class)
    return asyncio.run(_expose(console, backend, cluster.name, entrance, gateway, dry_run, yes, output))


async def _expose(
    console: Console,
    backend: "KubernetesBackend",
    name: str,
    entrance: "Entrance",
    gateway: str,
    dry_run: bool,
    yes: bool,
    output: str,
) -> int:
    from shoal.backends.kubernetes.remote.exposing import exposing, put_up
    from shoal.cli.documents import documents

    manifests = await backend.using(lambda client, place: exposing(client, place, name, entrance, gateway))
    console.emit(documents(list(manifests), output))
    if dry_run:
        return 0
    if not yes:
        console.confirm(f"Open {name} to whoever reaches {entrance.host}, with its token?")
    await backend.using(lambda client, place: put_up(client, place, name, manifests))
    console.say(f"https://{entrance.host} leads to the dashboard of {name}; it asks for the token", style="green")
    console.say(f"  shoal expose {name} --remove   takes it away")
    return 0


async def _remove(console: Console, backend: "KubernetesBackend", name: str) -> int:
    from shoal.backends.kubernetes.remote.exposing import take_away

    gone = await backend.using(lambda client, place: take_away(client, place, name))
    console.say(f"removed {', '.join(gone)}" if gone else f"nothing exposes {name}")
    return 0
