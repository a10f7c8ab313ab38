"""`shoal down NAME`."""

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console


@click.command("down")
@cluster_argument
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option(
    "--timeout", type=click.IntRange(0), default=60, show_default=True, help="Seconds to wait until it is gone."
)
@click.pass_obj
def command(console: Console, name: str, yes: bool, timeout: int) -> int:
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
    progress = Progress(console, clock, agreed=not yes)
    try:
        asyncio.run(converge(backend, name, None, clock, progress, timeout, None if yes else plan))
    except KeyboardInterrupt:
        console.say(f"it is half gone; `shoal down {name}` again ends it")
        raise
    console.say(f"{name} is gone; `shoal logs {name} --dead` reads its logs", style="green")
    return 0
