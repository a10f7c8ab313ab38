"""`shoal operator run`."""

import os

import click

from shoal.cli.console import Console
from shoal.cli.operator_server import checked_namespaces


@click.command("run", context_settings={"auto_envvar_prefix": "SHOAL_OPERATOR"})
@click.option("--kubeconfig", default="", help="Where the API server is; in a pod its service account knows.")
@click.option("--context", default="", help="Of the kubeconfig; the current one if not given.")
@click.option(
    "-n",
    "--watch-namespace",
    "namespaces",
    multiple=True,
    callback=checked_namespaces,
    help="Watch only this one; may be repeated.",
)
@click.option(
    "--profile",
    type=click.Choice(("secure", "compat")),
    default="secure",
    show_default=True,
    help="Close what a manifest leaves open, or leave it open as KubeRay does.",
)
@click.option("--operator-namespace", default="shoal-system", show_default=True, help="Where the operator itself runs.")
@click.option("--cluster-domain", default="cluster.local", show_default=True, help="Of the cluster's DNS.")
@click.option(
    "--concurrency", default=16, show_default=True, type=click.IntRange(1), help="Clusters worked on at once."
)
@click.option("--requests", default=12, show_default=True, type=click.IntRange(1), help="API requests at once.")
@click.option(
    "--leader-election/--no-leader-election", "election", default=True, show_default=True, help="Take turns by a Lease."
)
@click.option("--metrics-port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0: any.")
@click.option("--probes-port", default=8082, show_default=True, type=click.IntRange(0, 65535), help="0: any.")
@click.option("--log-level", type=click.Choice(("DEBUG", "INFO", "WARNING", "ERROR")), default="INFO")
@click.pass_obj
def command(
    console: Console,
    /,
    namespaces: tuple[str, ...],
    profile: str,
    operator_namespace: str,
    cluster_domain: str,
    **told: str | int | bool,
) -> int:
    """Run the operator until it is asked to end: in its pod, or outside against any cluster.

    Options can also come from the environment, as SHOAL_OPERATOR_PROFILE.
    """
    import msgspec

    from shoal.operator.main import main
    from shoal.operator.options import Options

    settings = {"profile": profile, "operator_namespace": operator_namespace, "cluster_domain": cluster_domain}
    # Outside a pod the pages are for whoever sits at this machine.
    host = "" if "KUBERNETES_SERVICE_HOST" in os.environ else "127.0.0.1"
    main(msgspec.convert({**told, "settings": settings, "namespaces": namespaces or ("",), "host": host}, Options))
    return 0
