"""`shoal expose NAME`."""

from typing import TYPE_CHECKING, Any

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console
from shoal.runtime.address import Address

if TYPE_CHECKING:
    from shoal.backends.kubernetes.remote.backend import KubernetesBackend
    from shoal.backends.kubernetes.remote.places import Place
    from shoal.desired.kubernetes.entrance import Entrance


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

    from shoal.desired.kubernetes.entrance import Entrance
    from shoal.runtime.backend_for import on_kubernetes

    if remove and (host or dry_run):
        raise click.UsageError("--remove takes no --host and no --dry-run")
    if not (remove or host):
        raise click.UsageError("say under which --host, or --remove")
    if tls_secret and gateway:
        raise click.UsageError("--tls is of an Ingress, and a Gateway has its own certificate: give one of the two")
    if ingress_class and gateway:
        raise click.UsageError("--class is of an Ingress, and a Gateway has a class of its own: give one of the two")
    if serve_host and serve_host.lower() == host.lower():
        raise click.UsageError("--serve-host is the same as --host: Ray Serve needs a host of its own")
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
    from shoal.backends.kubernetes.remote.exposed import put_up
    from shoal.backends.kubernetes.remote.exposing import exposing
    from shoal.backends.kubernetes.remote.knock import knock
    from shoal.cli.documents import documents

    found = await backend.using(
        lambda connection, place: exposing(
            connection.client, place, name, entrance, gateway, lambda head: knock(connection.sockets, head)
        )
    )
    console.emit(documents(list(found.manifests), output))
    for doubt in found.doubts:
        console.say(f"look: {doubt}", style="yellow")
    if dry_run:
        return 0
    if not yes:
        console.confirm(f"Open {name} to whoever reaches {entrance.host}, with its token?")
    await backend.using(lambda connection, place: put_up(connection.client, place, name, found.manifests))
    named = f"class {entrance.ingress_class}" if entrance.ingress_class else "the default class"
    promise = f"https://{entrance.host} will lead to the dashboard of {name}, which asks for the token"
    taken_up = f"once {f'Gateway {gateway}' if gateway else named} has taken it up"
    console.say(f"{promise}, {taken_up}", style="" if found.doubts else "green")
    console.say(f"  {_look(backend.place, found.manifests, gateway)}   shows its address: DNS has to lead there")
    console.say(f"  shoal expose {name} --remove   takes it away")
    return 0


async def _remove(console: Console, backend: "KubernetesBackend", name: str) -> int:
    from shoal.backends.kubernetes.remote.exposed import take_away

    gone = await backend.using(lambda connection, place: take_away(connection.client, place, name))
    console.say(f"removed {', '.join(gone)}" if gone else f"nothing exposes {name}")
    return 0


def _look(place: "Place", manifests: tuple[dict[str, Any], ...], gateway: str) -> str:
    """The command that says under which address the way in is."""
    if gateway:
        namespace, _, name = gateway.rpartition("/")
        return f"kubectl -n {namespace or place.namespace} get gateway {name}"
    names = (manifest["metadata"]["name"] for manifest in manifests if manifest["kind"] == "Ingress")
    return f"kubectl -n {place.namespace} get ingress {next(names)}"
