"""`shoal env NAME`."""

from typing import TYPE_CHECKING

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console
from shoal.runtime.address import Address

if TYPE_CHECKING:
    from shoal.backends.base import Endpoints

OF_ANOTHER = (
    "RAY_AUTH_TOKEN",
    "RAY_AUTH_TOKEN_PATH",
    "RAY_USE_TLS",
    "RAY_TLS_CA_CERT",
    "RAY_TLS_SERVER_CERT",
    "RAY_TLS_SERVER_KEY",
)
"""What an earlier call may have set in the same shell."""


@click.command("env")
@cluster_argument
@click.option("-o", "--output", type=click.Choice(("shell", "json")), default="shell", show_default=True)
@click.pass_obj
def command(console: Console, cluster: Address, output: str) -> int:
    """Print the environment in which stock Ray tools reach a cluster: eval "$(shoal env NAME)".

    `ray job submit` and `ray.init()` then work as they are; `ray status` too on this machine. The token stays in its
    file; only the path is printed. Of a cluster on Kubernetes the ports are forwarded by a process that ends with the
    shell that asked.
    """
    from shoal.runtime.backend_for import backend_of

    backend = backend_of(cluster)
    if backend.addresses_last:
        with backend.reach(cluster.name) as endpoints:
            console.emit(_text(endpoints, output))
        return 0
    from shoal.cli.holding import hold

    endpoints, holder = hold(backend, cluster.name)
    console.emit(_text(endpoints, output))
    console.say(f"process {holder} forwards the ports until this shell ends; `ray status --address {endpoints.gcs}`")
    return 0


def _text(endpoints: "Endpoints", output: str) -> str:
    import json
    import shlex

    variables = endpoints.environment | {"RAY_API_SERVER_ADDRESS": endpoints.dashboard}
    if output == "json":
        return json.dumps(variables, indent=2)
    lines = [f"export {key}={shlex.quote(value)}" for key, value in variables.items()]
    # A token in the environment would take precedence over the file that holds this cluster's; the rest may name files
    # of another cluster that are gone.
    stale = [key for key in OF_ANOTHER if key not in variables]
    return "\n".join([f"unset {' '.join(stale)}", *lines])
