"""`shoal check FILE`."""

import codecs
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shoal.cli.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable

    from shoal.findings import Finding
    from shoal.spec.parsed import Parsed

OUTPUTS = ("text", "json", "sarif", "github")


def _node_sizes(
    ctx: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, float, int], ...]:
    from shoal.spec.quantity import QuantityInvalid, bytes_of, cpu_cores

    sizes = []
    for value in values:
        name, _, size = value.partition("=")
        cpus, _, memory = size.partition(",")
        try:
            sizes.append((name, cpu_cores(cpus), bytes_of(memory)))
        except QuantityInvalid:
            raise click.BadParameter(f"{value!r} is not like n2-standard-8=8,32Gi", ctx, option) from None
    return tuple(sizes)


def _codes(ctx: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The beginnings of codes; one that fits no code would silently find nothing, or ignore nothing."""
    wanted = tuple(value.upper() for value in values)
    if wanted:
        from shoal.lint.local import PAGES as OF_LOCAL
        from shoal.lint.rules import PAGES as OF_RULES
        from shoal.spec.codes import PAGES as OF_SPEC

        known = [page.code for page in (*OF_SPEC, *OF_RULES, *OF_LOCAL)]
        for value in wanted:
            if not any(code.startswith(value) for code in known):
                raise click.BadParameter(f"no code begins with {value!r}; `shoal explain` lists them", ctx, option)
    return wanted


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("-o", "--output", type=click.Choice(OUTPUTS), default="text", show_default=True)
@click.option(
    "--fix",
    is_flag=True,
    help="Mend what is safe to mend; comments and order stay. Of `-` the text goes to stdout, findings to stderr.",
)
@click.option(
    "--select", multiple=True, callback=_codes, metavar="CODE", help="Only codes that begin so. May be given again."
)
@click.option(
    "--ignore", multiple=True, callback=_codes, metavar="CODE", help="No codes that begin so. May be given again."
)
@click.option(
    "--node-size",
    "node_sizes",
    multiple=True,
    callback=_node_sizes,
    metavar="NAME=CPUS,MEMORY",
    help="A kind of machine that pods may land on, as n2-standard-8=8,32Gi: how pods fit on it is checked too.",
)
@click.option("--strict", is_flag=True, help="Exit 1 for warnings too.")
@click.pass_obj
def command(
    console: Console,
    files: tuple[str, ...],
    output: str,
    fix: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    node_sizes: tuple[tuple[str, float, int], ...],
    strict: bool,
) -> int:
    """Lint RayCluster, RayJob, RayService and cluster.yaml files; `-` is standard input.

    Exit code 0: no errors; 2: errors, for which `up` would refuse the file; with --strict, 1: warnings.
    """
    from shoal.findings import Severity
    from shoal.lint.render import render
    from shoal.lint.run import lint
    from shoal.runtime.host import facts

    known = facts(node_sizes)

    def findings_of(parsed: "Parsed") -> "tuple[Finding, ...]":
        return parsed.findings + lint(parsed, known, select, ignore)

    results = [_check(console, file, findings_of, fix=fix) for file in files]
    text = render(results, output)
    if text:
        click.echo(text.rstrip("\n"), err=fix and "-" in files, color=False)
    severities = [finding.severity for _, findings in results for finding in findings]
    console.say(_summary(len(severities), len(files)))
    if Severity.ERROR in severities:
        return 2
    return 1 if strict and Severity.WARNING in severities else 0


def _check(
    console: Console, file: str, findings_of: "Callable[[Parsed], tuple[Finding, ...]]", *, fix: bool
) -> "tuple[Parsed, tuple[Finding, ...]]":
    """The file as it is after --fix, and what is left to find in it."""
    from shoal.lint.fixes import apply_fixes
    from shoal.runtime.spec_file import read
    from shoal.spec.parse import parse

    parsed = read(file)
    findings = findings_of(parsed)
    text, applied = apply_fixes(parsed.text, findings) if fix else (parsed.text, ())
    if fix and file == "-":
        click.echo(text, nl=False)
    elif applied:
        _replace(Path(file), text)
    if not applied:
        return parsed, findings
    console.say(f"{parsed.source}: mended {len(applied)}: {', '.join(sorted({found.code for found in applied}))}")
    mended = parse(text, parsed.source)
    return mended, findings_of(mended)


def _summary(findings: int, files: int) -> str:
    return f"{findings} finding{'s' * (findings != 1)} in {files} file{'s' * (files != 1)}"


def _replace(path: Path, text: str) -> None:
    """Put ``text`` in the place of the file at once, so that a crash leaves the old one or the new one."""
    target = path.resolve()
    draft = target.with_name(f".{target.name}.shoal")
    mark = codecs.BOM_UTF8 if target.read_bytes().startswith(codecs.BOM_UTF8) else b""
    draft.write_bytes(mark + text.encode())
    draft.chmod(target.stat().st_mode & 0o7777)
    draft.replace(target)
