"""`shoal plan FILE`."""

from typing import TYPE_CHECKING

import click

from shoal.cli.completions import where_options
from shoal.cli.console import Console
from shoal.cli.notes import say_notes, say_unhonoured

if TYPE_CHECKING:
    from shoal.plan.actions import Forecast, Plan

CHANGES_PENDING = 3


@click.command("plan")
@click.argument("file", type=click.Path())
@click.option("--cluster", default="", help="Which cluster, where FILE holds several.")
@where_options
@click.option("-o", "--output", type=click.Choice(("table", "json", "yaml")), default="table", show_default=True)
@click.pass_obj
def command(console: Console, file: str, cluster: str, context: str | None, namespace: str, output: str) -> int:
    """Show what `up FILE` would do, action by action, with the reason of each.

    On Kubernetes also what the operator would do about it next. Changes nothing. Exit code 0: `up` has nothing to do;
    3: it has.
    """
    import asyncio

    from shoal.plan.diff import diff
    from shoal.runtime.address import Address
    from shoal.runtime.backend_for import ProviderNotSupported, backend_for, is_on_kubernetes
    from shoal.runtime.spec_file import cluster_in
    from shoal.world.snapshot import World

    spec = cluster_in(file, cluster, lambda name: is_on_kubernetes(Address(name, context, namespace)))
    name = spec.desired.name
    try:
        backend = backend_for(spec, {}, Address(name, context, namespace))
        say_unhonoured(console, spec, backend)
        preview = asyncio.run(backend.preview(name, spec.desired))
        plan, forecast = preview.plan, asyncio.run(preview.forecast()) if preview.forecast else None
    except ProviderNotSupported:
        console.say("note: planned from nothing, as Shoal can't look at this provider yet; `up` would refuse it")
        plan, forecast = diff(spec.desired, World(name)), None
    show = _show_table if output == "table" else _show_data
    show(console, plan, forecast, output)
    return CHANGES_PENDING if plan else 0


def _show_table(console: Console, plan: "Plan", forecast: "Forecast | None", output: str) -> None:
    from shoal.plan.render import foreseen, lines

    console.emit("\n".join((*lines(plan), *foreseen(forecast))))
    say_notes(console, forecast)


def _show_data(console: Console, plan: "Plan", forecast: "Forecast | None", output: str) -> None:
    from shoal.plan.render import data

    shown = data(plan)
    if forecast is not None:
        shown |= {"operator": {"stages": data(forecast.plan)["stages"], "notes": list(forecast.notes)}}
    if output == "json":
        import json

        console.emit(json.dumps(shown, indent=2))
        return
    import yaml

    console.emit(yaml.safe_dump(shown, sort_keys=False).rstrip())
