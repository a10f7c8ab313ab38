"""`shoal down NAME`."""

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console


@click.command("down")
@cluster_argument
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait until nothing is left.")
@click.pass_obj
def command(console: Console, name: str, yes: bool, timeout: float) -> int:
    """Stop a cluster and remove everything of it but its logs (`shoal logs NAME --dead`)."""
    import asyncio

    from shoal.cli.progress import Progress
    from shoal.errors import ClusterUnknown
    from shoal.plan.render import lines
    from shoal.runtime.backend_for import backend_of, known_clusters
    from shoal.runtime.clock import SystemClock
    from shoal.runtime.converge import converge, plan_for

    backend = backend_of(name)
    plan = asyncio.run(plan_for(backend, name, None))
    if not plan:
        raise ClusterUnknown(name, known_clusters())
    if not yes:
        for line in lines(plan):
            console.say(line)
    console.confirm(f"Do this to {name}?", yes=yes)
    clock = SystemClock()
    asyncio.run(
        converge(backend, name, None, clock, Progress(console, clock, agreed=not yes), timeout, None if yes else plan)
    )
    console.say(f"{name} is gone; `shoal logs {name} --dead` reads its logs", style="green")
    return 0
