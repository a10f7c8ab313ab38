"""`shoal operator preflight`."""

from typing import TYPE_CHECKING, Any

import click

from shoal.cli.console import Console, render, structured
from shoal.cli.operator_server import checked, installation_options, options_from, with_client

if TYPE_CHECKING:
    from shoal.install.check import Check

COLUMNS = ("check", "level", "says")


@click.command("preflight")
@installation_options
@click.option("-o", "--output", type=click.Choice(("table", "json", "yaml")), default="table", show_default=True)
@click.pass_obj
def preflight(console: Console, /, output: str, **given: Any) -> int:
    """Look at everything that decides whether the operator can be installed. Changes nothing.

    Exit code 1 if a check failed; a warning is none.
    """
    options = options_from(given)
    _, found = with_client(given, lambda client: checked(client, options))
    if output == "table":
        console.emit(table(found))
    else:
        console.emit(structured(found, output))
    return int(any(check.level == "fail" for check in found))


def table(found: "tuple[Check, ...]") -> str:
    """A line for each check, and its next step below it."""
    rows = [{"check": check.check, "level": str(check.level), "says": " ".join(check.says.split())} for check in found]
    head, *lines = render(rows, COLUMNS, (), "table").splitlines()
    indent = " " * head.index("SAYS")
    steps = [[f"{indent}next: {check.next_step}"] if check.next_step else [] for check in found]
    return "\n".join([head, *(text for line, step in zip(lines, steps, strict=True) for text in (line, *step))])
