"""`shoal explain CODE`."""

import inspect
from collections.abc import Iterator
from importlib import import_module

import click

from shoal.air import errors as toolkit
from shoal.air.errors import AirError
from shoal.cli.console import Console
from shoal.errors import InputError, ShoalError, coded_errors
from shoal.findings import Page

# Where errors with a code are defined, beside shoal.errors. A test finds any that is missing here.
DEFINE_ERRORS = (
    "shoal.backends.copies",
    "shoal.backends.kubernetes.errors",
    "shoal.backends.kubernetes.remote.errors",
    "shoal.backends.kubernetes.work",
    "shoal.backends.local.apply",
    "shoal.backends.local.lock",
    "shoal.backends.local.ports",
    "shoal.backends.local.preflight",
    "shoal.backends.logs",
    "shoal.backends.state",
    "shoal.cli.attach",
    "shoal.cli.connect",
    "shoal.cli.following",
    "shoal.cli.logs",
    "shoal.desired.kubernetes.exposure",
    "shoal.engine.gcs",
    "shoal.engine.gcs_async",
    "shoal.engine.jobs_errors",
    "shoal.engine.launch",
    "shoal.operator.keys",
    "shoal.operator.lease",
    "shoal.runtime.backend_for",
    "shoal.runtime.converge",
    "shoal.runtime.installation.install",
    "shoal.runtime.installation.waiting",
    "shoal.runtime.job_run",
    "shoal.runtime.spec_file",
)


class CodeUnknown(InputError):
    """No finding and no error has this code.

    `shoal explain` without a code lists all of them.
    """

    code = "E114"


@click.command("explain")
@click.argument("code", default="")
@click.pass_obj
def command(console: Console, code: str) -> int:
    """Explain CODE: what it means, why it matters, how to mend it. Without CODE, list all."""
    known = {page.code: page for page in pages()}
    if not code:
        console.emit("\n".join(f"{page.code}  {page.title}" for _, page in sorted(known.items())))
        return 0
    page = known.get(code.upper())
    if page is None:
        raise CodeUnknown(f"there is no code {code!r}", next_step="`shoal explain` lists all codes")
    console.emit(f"{page.code}: {page.title}\n\n{page.body}")
    return 0


def pages() -> Iterator[Page]:
    """The page of every code."""
    from shoal.lint.local import PAGES as OF_LOCAL
    from shoal.lint.rules import PAGES as OF_RULES
    from shoal.spec.codes import PAGES as OF_SPEC

    yield from OF_SPEC
    yield from OF_RULES
    yield from OF_LOCAL
    for module in DEFINE_ERRORS:
        import_module(module)
    yield from (_of_error(error) for error in coded_errors())
    yield from (_of_error(error) for error in vars(toolkit).values() if isinstance(error, type) and _has_code(error))


def _has_code(error: type) -> bool:
    return issubclass(error, AirError) and bool(error.code)


def _of_error(error: type[ShoalError] | type[AirError]) -> Page:
    title, _, body = inspect.cleandoc(error.__doc__ or "").partition("\n\n")
    exit_code = f"Exit code {error.exit_code}."
    return Page(error.code, "error", " ".join(title.split()).rstrip("."), f"{body}\n\n{exit_code}".strip())
