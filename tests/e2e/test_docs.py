"""The pages for people, run as a reader would: every console command and Python block, in the order of the page.

A page runs in a copy of examples/, in one shell. After a line ``$ COMMAND`` stand lines of its output, in their order,
with ``...`` where it varies; ``# exit 3`` at a command's end says that it exits so, and nothing said means 0.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs/how-to"
PAGES = [ROOT / "README.md", *sorted(HOW_TO.glob("*.md"))]
WITHOUT_RAY = {
    "lint-manifests.md",
    "come-from-ray-up.md",
    "come-from-kuberay.md",
    "expose-a-dashboard.md",
    "keep-logs.md",
    "operator-install.md",
    "operator-upgrade.md",
    "survive-a-head.md",
}
NOT_RUN = ("make ", "pip ")  # they install things, and CI does so by itself

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"#.*\bexit(?: code)? (\d+)")
ENDED = "-- ended with "
PAGE_TIMEOUT_S = 300


@dataclass
class Step:
    """One command of a page. line: where in the page; printed: what the page says that it prints."""

    line: int
    command: str
    exit_code: int = 0
    printed: list[str] = field(default_factory=list)


def steps_of(page: Path) -> Iterator[Step]:
    """What the page tells its reader to run."""
    text = page.read_text()
    for fence in FENCE.finditer(text):
        language, body = fence.groups()
        first = text.count("\n", 0, fence.start()) + 2
        if language == "python":
            yield Step(first, f"python - <<'END'\n{body}END")
        if language == "console":
            yield from (step for step in console_steps(body, first) if not step.command.startswith(NOT_RUN))


def console_steps(body: str, first: int) -> list[Step]:
    """The commands of one block and what each prints. first: the number of its first line."""
    steps: list[Step] = []
    for number, line in enumerate(body.splitlines(), first):
        if line.startswith("$ "):
            said = EXIT.search(line)
            steps.append(Step(number, line.removeprefix("$ "), int(said[1]) if said else 0))
        elif line.strip():
            steps[-1].printed.append(line)
    return steps


def run(steps: list[Step], folder: Path) -> list[str]:
    """Run them in one bash, with a terminal that answers "y"; the complaints."""
    script, output = folder.parent / "page.sh", folder.parent / "output"
    script.write_text("".join(f"{step.command}\nprintf '\\n{ENDED}%s\\n' $?\n" for step in steps))
    keyboard, terminal = os.openpty()
    os.write(keyboard, b"y\n" * 20)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    try:
        with output.open("w") as printed:  # no pipe: what `up` leaves running must not keep the reader waiting
            subprocess.run(
                ["bash", str(script)], cwd=folder, env=environment, stdin=terminal, stdout=printed,
                stderr=subprocess.STDOUT, check=False, timeout=PAGE_TIMEOUT_S,
            )  # fmt: skip
    finally:
        os.close(keyboard)
        os.close(terminal)
    pieces = re.split(rf"\n{ENDED}(\d+)\n", output.read_text(errors="replace"))
    ran = zip(steps, pieces[0::2], map(int, pieces[1::2]), strict=False)
    complaints = [complaint for step, text, code in ran for complaint in differences(step, text, code)]
    return complaints + [f"line {step.line}: the shell had ended" for step in steps[len(pieces) // 2 :]]


def differences(step: Step, output: str, code: int) -> Iterator[str]:
    """What the page says of a step and is not so."""
    lines = iter(output.splitlines())
    absent = next((line for line in step.printed if not any(fits(line, other) for other in lines)), None)
    if code != step.exit_code:
        yield f"line {step.line}: `{step.command}` exits with {code}, not {step.exit_code}:\n{output}"
    elif absent is not None:
        yield f"line {step.line}: `{step.command}` does not print {absent!r} there, but:\n{output}"


def fits(line: str, printed: str) -> bool:
    """Whether ``printed`` is ``line``, in which ``...`` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, line.rstrip().split("..."))), printed.rstrip()) is not None


def end_clusters() -> list[str]:
    """The clusters that were still there; they are taken down."""
    shoal = [sys.executable, "-m", "shoal", "--quiet"]
    names = subprocess.run([*shoal, "list", "-o", "name"], check=True, text=True, capture_output=True).stdout.split()
    for name in names:
        subprocess.run([*shoal, "down", name, "--yes"], check=True)
    return names


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=() if page.name in WITHOUT_RAY else pytest.mark.ray, id=page.name) for page in PAGES],
)
def test_what_a_page_says_is_what_happens(page: Path, tmp_path: Path) -> None:
    steps = list(steps_of(page))
    folder = Path(shutil.copytree(ROOT / "examples", tmp_path / "examples"))
    try:
        complaints = run(steps, folder)
    finally:
        left = end_clusters()
    assert steps
    assert complaints == [], "\n".join(complaints)
    assert left == []


WRONG = """```console
$ echo one two three
one ... three
$ echo b; echo a
a
b
$ (exit 2)   # exit 1
$ (exit 1)   # exit 1
$ exit
$ true
```
"""


def test_a_page_that_is_wrong_is_noticed(tmp_path: Path) -> None:
    page, folder = tmp_path / "page.md", tmp_path / "folder"
    page.write_text(WRONG)
    folder.mkdir()
    assert [complaint.partition(":")[0] for complaint in run(list(steps_of(page)), folder)] == [
        "line 4", "line 7", "line 9", "line 10",
    ]  # fmt: skip


def test_every_how_to_page_is_in_the_index() -> None:
    index = (ROOT / "docs/index.md").read_text()
    assert [page.name for page in HOW_TO.glob("*.md") if f"(how-to/{page.name})" not in index] == []
