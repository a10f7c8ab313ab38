"""Writes docs/reference from the program itself: every verb's help, the page of every code, the names of Ray AIR.

``--check`` writes nothing and fails when a page is out of date.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml
from generated import ROOT, write_or_check

from shoal import air
from shoal.air.migration.table import Name, by_module
from shoal.air.migration.table import names as air_names
from shoal.cli.explain import pages
from shoal.cli.main import cli

FOLDER = ROOT / "docs/reference"
BAD_INPUT = ROOT / "tests/cases/cli/bad_input.yaml"
ADMISSION = ROOT / "tests/cases/crds/admission.yaml"
REFUSED = ROOT / "tests/cases/kubernetes/refused.yaml"
AIR_BAD_INPUT = ROOT / "tests/cases/air/bad_input.yaml"
NOTE = "<!-- Written by `make docs`; changes made here are lost. -->\n\n"
AIR_NAMES = """\
What became of each public name of Ray AIR 2.2: {told}. `shoal air migrate FILE` finds them in a script,
and rewrites what can be rewritten safely.

"""
AIR_BAD_INPUT_HEAD = """\
What `shoal.air` says of data, settings and checkpoints that it can't use: the last line of the traceback, or what the
code prints. Nothing is left half-written. `frame` is a table of 50 passengers (survived, pclass, sex, age, fare,
embarked) with gaps in age; `train(frame, **changes)` is

```python
air.XGBoostTrainer(
    label_column="survived",
    params={"objective": "binary:logistic"},
    preprocessor=air.Chain(
        air.SimpleImputer(columns=["embarked"], strategy="most_frequent"),
        air.OneHotEncoder(columns=["sex", "embarked"]),
    ),
    datasets={"train": air.from_pandas(frame)},
).fit()
```

on a Ray of two CPUs, and `trainer` the same without `fit`. `checkpoint` is what it gave, kept in the folder `model`.

"""
REFUSED_HEAD = """\
Two answer, one after the other. What the definitions refuse is not stored: `kubectl apply` fails with the API server's
words. What is stored all the same, because KubeRay's definitions take it too or because no definition can say it, the
operator doesn't act on: it says why in the condition `Ready` (reason `SpecInvalid`), in `status.reason` and in an Event
`InvalidRayClusterSpec`. What ran before stays as it is. `shoal check FILE` finds nearly all of it before anything is
applied. A pod that Kubernetes itself refuses is named in `Ready`, with the API server's words.

Each begins with what is changed in a RayCluster that is right.

"""
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


def air_bad_input_page() -> str:
    """docs/reference/air-bad-input.md: the same for shoal.air."""
    sections = [
        f"## {case['name']}\n\n```python\n{case['code'].rstrip()}\n```\n\n```text\n{case['prints'].rstrip()}\n```\n"
        + (f"\n{case['note']}\n" if "note" in case else "")
        for case in yaml.safe_load(AIR_BAD_INPUT.read_text())
    ]
    return "# What shoal.air says of bad input\n\n" + NOTE + AIR_BAD_INPUT_HEAD + "\n".join(sections)


def refused_page() -> str:
    """docs/reference/refused-rayclusters.md: what the API server and the operator say."""
    admission = [case for case in yaml.safe_load(ADMISSION.read_text()) if case["kind"] == "RayCluster"]
    by_server = "\n".join(_refusal(case, case["message"]) for case in admission if "refused_by" in case)
    by_operator = "\n".join(_refusal(case, case["says"]) for case in yaml.safe_load(REFUSED.read_text()))
    return (
        f"# What is said of a RayCluster that makes no sense\n\n{NOTE}{REFUSED_HEAD}"
        f"## By the API server\n\n{by_server}\n## By the operator\n\n{by_operator}"
    )


def _refusal(case: dict[str, Any], answer: str) -> str:
    changes = "; ".join(f"`{path}: {json.dumps(value)}`" for path, value in case["set"].items())
    was = "".join(f", where it was `{json.dumps(value)}`" for value in case.get("was", {}).values())
    return f"### {case['name']}\n\n{changes}{was}\n\n```text\n{answer}\n```\n"


def air_names_page() -> str:
    """docs/reference/air-names.md."""
    here = frozenset(air.__all__)
    count = Counter(_fate(name, here) for name in air_names())
    told = ", ".join(f"{count[fate]} {fate}" for fate in ("kept", "changed", "planned", "dropped") if count[fate])
    sections = [
        f"## {module}\n\n| name | fate | today | how, or why |\n|---|---|---|---|\n"
        + "".join(
            f"| `{short}` | {_fate(name, here)} | {_today(name)} | {_how(name)} |\n" for short, name in below.items()
        )
        for module, below in by_module().items()
    ]
    return "# The names of Ray AIR 2.2\n\n" + NOTE + AIR_NAMES.format(told=told) + "\n".join(sections)


def _fate(name: Name, here: frozenset[str]) -> str:
    return "planned" if name.is_planned(here) else name.fate


def _today(name: Name) -> str:
    return f"`{name.target}`" if name.target else ""


def _how(name: Name) -> str:
    arguments = {
        **{old: f"is called `{new}`" for old, new in name.renamed.items()},
        **dict.fromkeys(name.spread, "what it held are arguments here"),
        **{old: f"not needed: {why}" for old, why in name.needless.items()},
        **{old: f"gone: {why}" for old, why in name.gone.items()},
    }
    return "<br>".join([name.note, *(f"`{old}=` {what}" for old, what in arguments.items())]).removeprefix("<br>")


def files() -> dict[Path, str]:
    """Every page, with its text."""
    return {
        FOLDER / "cli.md": verbs_page(),
        FOLDER / "codes.md": codes_page(),
        FOLDER / "bad-input.md": bad_input_page(),
        FOLDER / "refused-rayclusters.md": refused_page(),
        FOLDER / "air-bad-input.md": air_bad_input_page(),
        FOLDER / "air-names.md": air_names_page(),
    }


if __name__ == "__main__":
    sys.exit(write_or_check(files(), "docs"))
