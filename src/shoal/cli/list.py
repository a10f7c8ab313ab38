"""`shoal list`."""

from typing import TYPE_CHECKING, Any

import click

from shoal.cli.completions import where_options
from shoal.cli.console import Console, format_option, render

if TYPE_CHECKING:
    from shoal.backends.base import Backend
    from shoal.runtime.address import Address
    from shoal.status.conditions import ClusterStatus


@click.command("list")
@where_options
@click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="On Kubernetes: of all namespaces.")
@click.option("--forget", is_flag=True, help="Remember no longer those on Kubernetes that can't be reached now.")
@format_option()
@click.pass_obj
def command(console: Console, context: str | None, namespace: str, everywhere: bool, forget: bool, output: str) -> int:
    """List clusters, also broken and half-removed ones.

    Without options: those on this machine, and those on Kubernetes that Shoal has worked on. With --context: all
    RayClusters of a namespace there, or with -A of all.
    """
    import asyncio

    from shoal.runtime.address import Address

    rows = asyncio.run(_rows(Address("", context, namespace), everywhere=everywhere))
    if forget:
        rows = _without_lost(console, rows)
    if not rows and output in ("table", "wide"):
        console.say("no clusters; `shoal up FILE` makes one")
        return 0
    if output in ("table", "wide"):
        for row in rows:
            row["ready"] = "?" if row["ready"] is None else f"{row['ready']}/{row['nodes']}"
    place = ("context", "namespace") if any(row["backend"] == "kubernetes" for row in rows) else ()
    console.emit(render(rows, ("name", "state", "ready", "backend", *place), ("dashboard", "message"), output))
    return 0


def _without_lost(console: Console, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from shoal.runtime.backend_for import forget

    kept = []
    for row in rows:
        if row["state"] == "Unknown" and row["backend"] == "kubernetes":
            forget(row["name"], row["context"], row["namespace"])
            console.say(f"{row['name']} of context {row['context']}, namespace {row['namespace']} is forgotten")
        else:
            kept.append(row)
    return kept


async def _rows(where: "Address", *, everywhere: bool) -> list[dict[str, Any]]:
    import asyncio

    from shoal.runtime.address import Address
    from shoal.runtime.backend_for import backend_of, known_here, kubernetes, remembered

    if where.context != "" and (where.says_where or everywhere):
        backend = kubernetes(where)
        found = await backend.overview(everywhere=everywhere)
        return [_row(backend, status, namespace) for namespace, status in found]
    here = backend_of(Address("", ""))
    looks = [_look(here, name, "") for name in known_here()]
    if where.context is None:
        looks += [_look(there, name, there.place.namespace) for name, there in remembered()]
    return [row for row in await asyncio.gather(*looks) if row is not None]


async def _look(backend: "Backend", name: str, namespace: str) -> dict[str, Any] | None:
    from shoal.errors import ShoalError
    from shoal.status.conditions import State

    try:
        status = await backend.status(name)
    except ShoalError as error:  # one that can't be read must not hide the others
        unknown = {"state": "Unknown", "ready": None, "nodes": None, "dashboard": "", "message": str(error)}
        return {"name": name, **unknown, **_place(backend, namespace)}
    if status.state is State.ABSENT and backend.kind == "kubernetes":
        return None  # it went without Shoal
    return _row(backend, status, namespace)


def _row(backend: "Backend", status: "ClusterStatus", namespace: str) -> dict[str, Any]:
    return {
        "name": status.name,
        "state": str(status.state),
        "ready": status.ready_nodes,
        "nodes": len(status.nodes),
        "dashboard": _dashboard(backend, status.name),
        "message": status.message,
        **_place(backend, namespace),
    }


def _place(backend: "Backend", namespace: str) -> dict[str, Any]:
    place = getattr(backend, "place", None)
    return {"backend": backend.kind, "context": place.context if place else None, "namespace": namespace or None}


def _dashboard(backend: "Backend", name: str) -> str:
    """Its address; "" for a cluster that went away, was cut off before it had one, or has lost its port."""
    from shoal.errors import ActionFailed, ClusterUnknown

    if not backend.addresses_last:
        return ""
    try:
        with backend.reach(name) as endpoints:
            return endpoints.dashboard
    except (ActionFailed, ClusterUnknown):
        return ""
