"""What `up` and `down` have in common: show the plan, ask, do it, and say how to go on when it is cut off."""

from typing import TYPE_CHECKING

from shoal.cli.console import Console
from shoal.cli.notes import say_notes

if TYPE_CHECKING:
    from shoal.backends.base import Backend
    from shoal.desired.cluster import DesiredCluster
    from shoal.plan.actions import Plan
    from shoal.status.conditions import ClusterStatus


def carry_out(
    console: Console,
    backend: "Backend",
    name: str,
    desired: "DesiredCluster | None",
    *,
    yes: bool,
    timeout_s: float,
    when_interrupted: str,
) -> "ClusterStatus":
    """Take the cluster to ``desired`` (None: to be gone). yes: without asking; the plan is shown all the same.

    when_interrupted: said after Ctrl-C. Raises what ``converge`` does, click.Abort and click.UsageError.
    """
    import asyncio

    from shoal.cli.progress import Progress
    from shoal.runtime.clock import SystemClock
    from shoal.runtime.converge import converge

    agreed = None if yes else _agreed(console, backend, name, desired)
    clock = SystemClock()
    progress = Progress(console, clock, agreed=agreed is not None)
    try:
        return asyncio.run(converge(backend, name, desired, clock, progress, timeout_s, agreed))
    except KeyboardInterrupt:
        console.say(when_interrupted)
        raise


def _agreed(console: Console, backend: "Backend", name: str, desired: "DesiredCluster | None") -> "Plan":
    import asyncio

    from shoal.plan.render import foreseen, lines

    preview = asyncio.run(backend.preview(name, desired))
    plan = preview.plan
    if plan:
        forecast = asyncio.run(preview.forecast()) if preview.forecast else None
        for line in (*lines(plan), *foreseen(forecast)):
            console.say(line)
        say_notes(console, forecast)
        console.confirm(f"Do this to {name}?")
    return plan
