"""`shoal check FILE`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from shoal.cli.console import Console

if TYPE_CHECKING:
    from shoal.findings import Finding
    from shoal.spec.parse import Parsed

OUTPUTS = ("text", "json", "sarif", "github")


@click.command("check")
@click.argument("file")
@click.option("-o", "--output", type=click.Choice(OUTPUTS), default="text", show_default=True)
@click.option("--fix", is_flag=True, help="Mend what is safe to mend; comments and order stay.")
@click.option("--select", multiple=True, metavar="CODE", help="Only codes that begin so. May be given again.")
@click.option("--ignore", multiple=True, metavar="CODE", help="No codes that begin so. May be given again.")
@click.option("--strict", is_flag=True, help="Exit 1 for warnings too.")
@click.pass_obj
def command(
    console: Console, file: str, output: str, fix: bool, select: tuple[str, ...], ignore: tuple[str, ...], strict: bool
) -> int:
    """Lint a RayCluster, RayJob, RayService or cluster.yaml; `-` is standard input.

    Exit code 0: no errors; 2: errors, for which `up` would refuse the file; with --strict, 1: warnings.
    """
    from shoal.findings import Severity, has_errors
    from shoal.runtime.spec_file import read

    parsed = read(file)
    findings = _findings(parsed, select, ignore)
    if fix:
        parsed, findings = _mend(console, file, parsed, findings, select, ignore)
    console.emit(_rendered(parsed, findings, output).rstrip("\n"))
    if has_errors(findings):
        return 2
    return 1 if strict and any(finding.severity is Severity.WARNING for finding in findings) else 0


def _findings(parsed: "Parsed", select: tuple[str, ...], ignore: tuple[str, ...]) -> "tuple[Finding, ...]":
    from shoal.lint.run import lint
    from shoal.runtime.host import facts

    return parsed.findings + lint(parsed, facts(), select, ignore)


def _mend(
    console: Console,
    file: str,
    parsed: "Parsed",
    findings: "tuple[Finding, ...]",
    select: tuple[str, ...],
    ignore: tuple[str, ...],
) -> "tuple[Parsed, tuple[Finding, ...]]":
    """Write the mended file; it and what is left to find in it."""
    from shoal.lint.fixes import apply_fixes
    from shoal.spec.parse import parse

    text, applied = apply_fixes(parsed.text, findings)
    if not applied:
        return parsed, findings
    if file == "-":
        console.emit(text)
    else:
        _replace(Path(file), text)
    console.say(f"{parsed.source}: mended {len(applied)}: {', '.join(sorted({found.code for found in applied}))}")
    mended = parse(text, parsed.source)
    return mended, _findings(mended, select, ignore)


def _rendered(parsed: "Parsed", findings: "tuple[Finding, ...]", output: str) -> str:
    from shoal.lint import render

    if output == "json":
        return render.as_json(findings, parsed.source)
    if output == "github":
        return render.as_github(findings, parsed.source)
    if output == "sarif":
        import shoal
        from shoal.cli.explain import pages

        return render.as_sarif(findings, parsed.source, tuple(pages()), shoal.__version__)
    return render.as_text(findings, parsed.source, parsed.text)


def _replace(path: Path, text: str) -> None:
    """Put ``text`` in the place of the file at once, so that a crash leaves the old one or the new one."""
    target = path.resolve()
    draft = target.with_name(f".{target.name}.shoal")
    draft.write_bytes(text.encode())
    draft.chmod(target.stat().st_mode & 0o7777)
    draft.replace(target)
