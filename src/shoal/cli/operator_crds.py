"""`shoal operator crds`."""

import click

from shoal.cli.console import Console

KINDS = ("RayCluster", "RayJob", "RayService", "RayCronJob")


@click.command("crds")
@click.option("-o", "--output", type=click.Choice(("yaml", "json")), default="yaml", show_default=True)
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Only this kind; may be repeated.")
@click.pass_obj
def crds(console: Console, output: str, kinds: tuple[str, ...]) -> int:
    """Print the CustomResourceDefinitions of Ray's kinds, for `kubectl apply -f -`.

    Needs neither Ray nor a Kubernetes cluster.
    """
    from shoal.cli.documents import documents
    from shoal.install.manifests import marked

    console.emit(documents([marked(kind) for kind in KINDS if not kinds or kind in kinds], output))
    return 0
