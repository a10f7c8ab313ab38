"""Data to stdout, talk to stderr; plain text wherever no one is watching."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import click

FORMATS = ("table", "wide", "json", "yaml", "name")


def colour_wanted() -> bool:
    """Whether stderr takes colour: as NO_COLOR and FORCE_COLOR say, else if it is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return os.environ.get("FORCE_COLOR", "0") not in ("", "0") or sys.stderr.isatty()


class Console:
    """Where a verb speaks. quiet: no talk."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.colour = colour_wanted()

    def say(self, text: str = "", *, style: str = "") -> None:
        """One line for people."""
        if not self.quiet:
            # Whoever read this may have gone, as `head` does; the work goes on.
            with suppress(BrokenPipeError):
                click.echo(click.style(text, fg=style) if style and self.colour else text, err=True, color=self.colour)

    def emit(self, text: str) -> None:
        """Data, as asked for."""
        click.echo(text, color=False)

    def confirm(self, question: str) -> None:
        """Go on only if that is wanted. Raises click.Abort for a no, click.UsageError where no one can be asked."""
        if not sys.stdin.isatty():
            raise click.UsageError("no terminal to ask on: add --yes to go ahead")
        if not click.confirm(question, default=False, err=True):
            raise click.Abort


def format_option(default: str = "table") -> Callable[[Any], Any]:
    """The ``-o`` of verbs that list something."""
    return click.option("-o", "--output", type=click.Choice(FORMATS), default=default, show_default=True)


def render(rows: Sequence[dict[str, Any]], columns: Sequence[str], wide: Sequence[str], output: str) -> str:
    """Rows as text. columns: shown by ``table``; wide: added by ``wide``; json and yaml give every field."""
    if output in ("json", "yaml"):
        return structured(rows, output)
    if output == "name":
        return "\n".join(str(row["name"]) for row in rows)
    return _table(rows, [*columns, *wide] if output == "wide" else columns)


def structured(value: Any, output: str) -> str:
    """Any plain value as ``json`` or ``yaml``."""
    import msgspec

    plain = msgspec.to_builtins(value)
    if output == "json":
        return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()
    import yaml

    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    return text.rstrip("\n")


def _table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    cells = [[column.upper().replace("_", " ") for column in columns]]
    cells += [["" if row.get(column) is None else str(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )
