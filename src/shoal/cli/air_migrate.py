"""`shoal air migrate FILE`."""

from typing import TYPE_CHECKING

import click

from shoal.cli.console import Console

if TYPE_CHECKING:
    from shoal.air.migration import Migration


@click.command("migrate")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option(
    "--write", is_flag=True, help="Rewrite the files, in what can be rewritten safely; comments and layout stay."
)
@click.pass_obj
def migrate(console: Console, files: tuple[str, ...], write: bool) -> int:
    """List what has to change in scripts for Ray AIR 2.2 to run on shoal.air, line by line, or change it.

    Exit code 0: nothing is left to change; 3: something is.
    """
    from shoal.air.migration import migrate as look_through

    left = 0
    for file in files:
        migration = look_through(file, write=write)
        if migration.findings:
            console.emit(str(migration))
        console.say(_summary(migration))
        left += len(migration.by_hand if write else migration.findings)
    return 3 if left else 0


def _summary(migration: "Migration") -> str:
    if not migration.findings:
        return f"{migration.path}: nothing of AIR 2.2 has to change"
    by_hand = len(migration.by_hand)
    done = "rewritten" if migration.written else "to rewrite (--write)"
    return f"{migration.path}: {len(migration.findings) - by_hand} {done}, {by_hand} to change by hand"
