"""Writes docs/reference from the program itself: every verb's help, and the page of every code.

``--check`` writes nothing and fails when a page is out of date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import yaml
from generated import ROOT, write_or_check

from shoal.cli.explain import pages
from shoal.cli.main import cli

FOLDER = ROOT / "docs/reference"
BAD_INPUT = ROOT / "tests/cases/cli/bad_input.yaml"
NOTE = "<!-- Written by `make docs`; changes made here are lost. -->\n\n"
KINDS = {"input": "from reading a file", "lint": "from a lint rule", "error": "from a failed command"}


def helps(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """The full name and the help of a command and of those below it."""
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None and not found.hidden:
                yield from helps(found, below, context)


def verbs_page() -> str:
    """docs/reference/cli.md."""
    sections = [f"## {name}\n\n```text\n{text}\n```\n" for name, text in helps(cli, "shoal")]
    return "# Every verb and option\n\n" + NOTE + "\n".join(sections)


def codes_page() -> str:
    """docs/reference/codes.md."""
    by_code = sorted(pages(), key=lambda page: page.code)
    sections = [f"## {page.code}: {page.title}\n\n*{KINDS[page.kind]}*\n\n{page.body.strip()}\n" for page in by_code]
    return "# Every code\n\n" + NOTE + "\n".join(sections)


def bad_input_page() -> str:
    """docs/reference/bad-input.md: what a person sees, as the tests check it."""
    cases = yaml.safe_load(BAD_INPUT.read_text())
    sections = [
        f"## {case['name']}\n\n`shoal {case.get('command', 'up FILE --yes')}` ends with exit code {case['exit']}"
        f" and prints:\n\n```text\n{case['prints'].rstrip()}\n```\n"
        for case in cases
    ]
    told = "Nothing is started and nothing is lost in any of them. FILE is `cluster.yaml` here.\n\n"
    return "# What each bad input prints\n\n" + NOTE + told + "\n".join(sections)


def files() -> dict[Path, str]:
    """Every page, with its text."""
    return {
        FOLDER / "cli.md": verbs_page(),
        FOLDER / "codes.md": codes_page(),
        FOLDER / "bad-input.md": bad_input_page(),
    }


if __name__ == "__main__":
    sys.exit(write_or_check(files(), "docs"))
