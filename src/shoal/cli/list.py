"""`shoal list`."""

from typing import Any

import click

from shoal.cli.console import Console, format_option, render


@click.command("list")
@format_option()
@click.pass_obj
def command(console: Console, output: str) -> int:
    """List clusters, also broken and half-removed ones."""
    import asyncio

    rows = asyncio.run(_rows())
    if not rows and output in ("table", "wide"):
        console.say("no clusters; `shoal up FILE` makes one")
        return 0
    if output in ("table", "wide"):
        for row in rows:
            row["ready"] = "?" if row["ready"] is None else f"{row['ready']}/{row['nodes']}"
    console.emit(render(rows, ("name", "state", "ready", "backend"), ("dashboard", "message"), output))
    return 0


async def _rows() -> list[dict[str, Any]]:
    import asyncio

    from shoal.runtime.backend_for import backend_of, known_clusters

    return await asyncio.gather(*(_row(backend_of(name), name) for name in known_clusters()))


async def _row(backend: Any, name: str) -> dict[str, Any]:
    from shoal.errors import ActionFailed
    from shoal.status.conditions import status_of

    try:
        world = await backend.observe(name)
    except ActionFailed as error:  # one that can't be read must not hide the others
        state, ready, nodes, dashboard, message = "Unknown", None, None, "", str(error)
    else:
        status = status_of(world.wanted, world)
        state, ready, nodes = str(status.state), status.ready_nodes, len(status.nodes)
        dashboard, message = _dashboard(backend, name), status.message
    return {
        "name": name,
        "state": state,
        "ready": ready,
        "nodes": nodes,
        "backend": "local",
        "dashboard": dashboard,
        "message": message,
    }


def _dashboard(backend: Any, name: str) -> str:
    """Its address; "" for a cluster that went away, was cut off before it had one, or has lost its port."""
    from shoal.errors import ActionFailed, ClusterUnknown

    try:
        return str(backend.endpoints(name).dashboard)
    except (ActionFailed, ClusterUnknown):
        return ""
