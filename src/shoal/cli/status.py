"""`shoal status NAME`."""

from typing import Any

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console, format_option, render, structured
from shoal.runtime.address import Address


@click.command("status")
@cluster_argument
@format_option()
@click.option("-w", "--watch", is_flag=True, help="Go on, printing again whenever something has changed.")
@click.pass_obj
def command(console: Console, cluster: Address, output: str, watch: bool) -> int:
    """Show what is ready, and why the rest is not. Exit code 1 when the cluster is not ready."""
    import asyncio

    return asyncio.run(_show(console, cluster, output, watch))


async def _show(console: Console, cluster: Address, output: str, watch: bool) -> int:
    from shoal.errors import ClusterUnknown
    from shoal.runtime.backend_for import backend_of, known_clusters
    from shoal.runtime.clock import SystemClock
    from shoal.status.conditions import State

    name, backend, clock, shown = cluster.name, backend_of(cluster), SystemClock(), None
    while True:
        status = await backend.status(name)
        if status.state is State.ABSENT:
            if shown is None:
                raise ClusterUnknown(name, known_clusters(), backend.where, backend.listing)
            console.say(f"{name} is gone")
            return 1
        if status != shown:
            _print(console, status, output)
            shown = status
        if not watch:
            return 0 if status.ready else 1
        await clock.sleep(max(0.5, backend.look_again_s))


def _print(console: Console, status: Any, output: str) -> None:
    rows = [_row(node) for node in status.nodes]
    if output in ("json", "yaml"):
        whole = {"name": status.name, "state": str(status.state), "message": status.message, "nodes": rows}
        console.emit(structured(whole, output))
        return
    if output != "name":
        console.emit(f"{status.name}: {status.state} ({status.message})")
    for row in rows:
        row["cpu"] = f"{row['cpu'] or 0:g}"
        row["memory"] = f"{(row['memory'] or 0) / 1024**2:.0f}Mi"
    console.emit(render(rows, ("name", "group", "phase", "cpu", "memory", "message"), ("pid", "next_step"), output))
    for node in status.nodes:
        if node.next_step and output == "table":
            console.say(f"next for {node.name}: {node.next_step}")


def _row(node: Any) -> dict[str, Any]:
    return {
        "name": node.name,
        "group": node.group,
        "role": node.role,
        "phase": node.phase,
        "ready": node.ready,
        "reason": node.reason,
        "message": node.message,
        "next_step": node.next_step,
        "pid": node.pid or None,
        "cpu": node.resources.get("CPU"),
        "memory": node.resources.get("memory"),
        "resources": dict(node.resources),
    }
