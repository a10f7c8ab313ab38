"""`shoal operator`: one file for each verb below it."""

import click

from shoal.cli.operator_crds import crds
from shoal.cli.operator_install import install
from shoal.cli.operator_preflight import preflight
from shoal.cli.operator_run import command as run
from shoal.cli.operator_uninstall import uninstall


@click.group("operator")
def command() -> None:
    """Run Ray clusters on Kubernetes: the operator and what it needs."""


command.add_command(run)
command.add_command(install)
command.add_command(preflight)
command.add_command(uninstall)
command.add_command(crds)
