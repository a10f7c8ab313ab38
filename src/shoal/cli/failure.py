"""An exception, in words and an exit code."""

import errno
import os
import traceback

import click

from shoal.errors import ShoalError, SpecInvalid


def report(error: Exception) -> int:
    """Say on stderr what went wrong, where, and what to do next; the exit code. Raises ``error`` under SHOAL_DEBUG."""
    if os.environ.get("SHOAL_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, SpecInvalid):
        from shoal.lint.render import as_text

        click.echo(as_text(error.source, error.text, error.findings), err=True)
    if isinstance(error, ShoalError):
        _say(error.what, error.where, error.next_step, error.code)
        return error.exit_code
    if isinstance(error, OSError):
        return _report_os_error(error)
    _say(
        f"this is a defect of Shoal: {type(error).__name__}: {error}",
        next_step="run it again with SHOAL_DEBUG=1 and report what it prints",
        code="E001",
    )
    return 1


def _report_os_error(error: OSError) -> int:
    where = os.fspath(error.filename) if isinstance(error.filename, str) else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        _say("the disk is full; nothing was lost", where, "free some space, then run the same command again", "E206")
    else:
        _say(error.strerror or str(error), where, "mend that, then run the same command again", "E002")
    return 1


def _say(what: str, where: str = "", next_step: str = "", code: str = "") -> None:
    place = f"{where}: " if where else ""
    label = click.style(f"error[{code}]" if code else "error", fg="red", bold=True)
    click.echo(f"{label}: {place}{what}", err=True)
    if next_step:
        click.echo(f"  {click.style('next', fg='cyan')}: {next_step}", err=True)
