"""An exception, in words and an exit code."""

import errno
import os
import traceback

import click

from shoal.air.errors import AirError
from shoal.cli.console import colour_wanted
from shoal.errors import Defect, DiskFull, ShoalError, SpecInvalid, SystemRefused


def report(error: Exception) -> int:
    """Say on stderr what went wrong, where, and what to do next; the exit code. SHOAL_DEBUG adds the traceback."""
    if os.environ.get("SHOAL_DEBUG"):
        traceback.print_exception(error)
    known = explained(error)
    if isinstance(known, SpecInvalid):
        from shoal.lint.render import as_text

        click.echo(as_text(known.source, known.text, known.findings).rstrip("\n"), err=True)
        return known.exit_code
    colour = colour_wanted()
    place = f"{known.where}: " if known.where else ""
    label = click.style(f"error[{known.code}]", fg="red", bold=True)
    click.echo(f"{label}: {place}{known.what}", err=True, color=colour)
    step = known.next_step or f"see what `shoal explain {known.code}` says"
    click.echo(f"  {click.style('next', fg='cyan')}: {step}", err=True, color=colour)
    return known.exit_code


def explained(error: Exception) -> ShoalError | AirError:
    """``error`` as one that has a code and a next step."""
    if isinstance(error, ShoalError | AirError):
        return error
    again = "then run the same command again"
    if isinstance(error, OSError):
        where = os.fspath(error.filename) if isinstance(error.filename, str) else ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return DiskFull("the disk is full; nothing was lost", where=where, next_step=f"free some space, {again}")
        return SystemRefused(error.strerror or str(error), where=where, next_step=f"mend that, {again}")
    step = "run it again with SHOAL_DEBUG=1 and report what it prints"
    return Defect(f"this is a defect of Shoal: {type(error).__name__}: {error}", next_step=step)
