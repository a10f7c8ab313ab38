"""`shoal convert FILE`."""

import click

from shoal.cli.console import Console


@click.command("convert")
@click.argument("file", type=click.Path())
@click.option("--cluster", default="", help="Which cluster, where FILE holds several.")
@click.pass_obj
def command(console: Console, file: str, cluster: str) -> int:
    """Turn a RayCluster into Ray's cluster.yaml, or the reverse, on standard output.

    What could not be carried over is listed on stderr, each with its line and the reason.
    """
    from shoal.convert.to_clusterfile import to_clusterfile
    from shoal.convert.to_raycluster import to_raycluster
    from shoal.runtime.spec_file import cluster_in
    from shoal.spec.clusterfile import ClusterFile
    from shoal.spec.raycluster import RayCluster

    spec = cluster_in(file, cluster)
    document = spec.document
    if isinstance(document.spec, ClusterFile):
        conversion = to_raycluster(document.spec)
    else:
        assert isinstance(document.spec, RayCluster)  # noqa: S101 - cluster_in gives one of the two
        conversion = to_clusterfile(document.spec)
    console.emit(conversion.text.rstrip("\n"))
    for finding in conversion.lost:
        mark = document.node.nearest(finding.path).mark
        console.say(f"{spec.parsed.source}:{mark.line}:{mark.column}: not carried over: {finding.message}")
    return 0
