"""`shoal plan FILE`."""

import click

from shoal.cli.completions import where_options
from shoal.cli.console import Console
from shoal.cli.notes import say_unhonoured

CHANGES_PENDING = 3


@click.command("plan")
@click.argument("file", type=click.Path())
@click.option("--cluster", default="", help="Which cluster, where FILE holds several.")
@where_options
@click.option("-o", "--output", type=click.Choice(("table", "json", "yaml")), default="table", show_default=True)
@click.pass_obj
def command(console: Console, file: str, cluster: str, context: str | None, namespace: str, output: str) -> int:
    """Show what `up FILE` would do, action by action, with the reason of each.

    Changes nothing. Exit code 0: nothing to do; 3: there is something to do.
    """
    import asyncio
    import json

    from shoal.plan.diff import diff
    from shoal.plan.render import data, lines
    from shoal.runtime.address import Address
    from shoal.runtime.backend_for import ProviderNotSupported, backend_for, is_on_kubernetes
    from shoal.runtime.converge import plan_for
    from shoal.runtime.spec_file import cluster_in
    from shoal.world.snapshot import World

    spec = cluster_in(file, cluster, lambda name: is_on_kubernetes(Address(name, context, namespace)))
    name = spec.desired.name
    try:
        backend = backend_for(spec, {}, Address(name, context, namespace))
        say_unhonoured(console, spec, backend)
        plan = asyncio.run(plan_for(backend, name, spec.desired))
    except ProviderNotSupported:
        console.say("note: planned from nothing, as Shoal can't look at this provider yet; `up` would refuse it")
        plan = diff(spec.desired, World(name))
    if output == "table":
        console.emit("\n".join(lines(plan)))
    elif output == "json":
        console.emit(json.dumps(data(plan), indent=2))
    else:
        import yaml

        console.emit(yaml.safe_dump(data(plan), sort_keys=False).rstrip())
    return CHANGES_PENDING if plan else 0
