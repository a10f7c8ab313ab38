"""`shoal air`: one file for each verb below it."""

import click

from shoal.cli.air_migrate import migrate


@click.group("air")
def command() -> None:
    """The toolkit from a table to a served model: help for its scripts."""


command.add_command(migrate)
