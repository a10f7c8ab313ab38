"""`shoal env NAME`."""

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console


@click.command("env")
@cluster_argument
@click.option("-o", "--output", type=click.Choice(("shell", "json")), default="shell", show_default=True)
@click.pass_obj
def command(console: Console, name: str, output: str) -> int:
    """Print the environment in which stock Ray tools reach a cluster: eval "$(shoal env NAME)".

    `ray job submit`, `ray status` and `ray.init()` then work as they are. The token stays in its file; only
    the path is printed.
    """
    import json
    import shlex

    from shoal.runtime.backend_for import backend_of

    endpoints = backend_of(name).endpoints(name)
    variables = endpoints.environment | {"RAY_API_SERVER_ADDRESS": endpoints.dashboard}
    if output == "json":
        console.emit(json.dumps(variables, indent=2))
    else:
        lines = [f"export {key}={shlex.quote(value)}" for key, value in variables.items()]
        # A token in the environment would take precedence over the file that holds this cluster's.
        console.emit("\n".join(["unset RAY_AUTH_TOKEN", *lines]))
    return 0
