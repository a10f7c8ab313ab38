"""What this repository promises about itself, checked."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SOURCES = sorted(
    path for folder in ("src", "tests", "scripts", "bench", "examples", "lab") for path in (ROOT / folder).rglob("*.py")
)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MOST_DEPENDENCIES = 10
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)


def name_of(path: Path) -> str:
    """The path as the repository spells it, for the names of tests."""
    return str(path.relative_to(ROOT))


def anchors_of(document: Path) -> set[str]:
    """The anchors that a Markdown page gives its headings."""
    headings = HEADING.findall(FENCE.sub("", document.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document: Path) -> Iterator[str]:
    """The links of a page that lead to no file or heading of this repository."""
    for link in LINK.findall(FENCE.sub("", document.read_text())):
        if "://" in link or link.startswith("mailto:"):
            continue
        file, _, anchor = link.partition("#")
        target = (document.parent / file).resolve() if file else document
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            yield link


def test_base_dependencies_are_ten_at_most_each_with_its_reason() -> None:
    names = [re.split(r"[^\w.-]", requirement)[0] for requirement in PROJECT["dependencies"]]
    reasons = (ROOT / "docs/dependencies.md").read_text()
    assert 0 < len(names) <= MOST_DEPENDENCIES
    assert [name for name in names if f"| `{name}` |" not in reasons] == []


def test_every_extra_has_its_reason() -> None:
    reasons = (ROOT / "docs/dependencies.md").read_text()
    assert [extra for extra in PROJECT["optional-dependencies"] if f"| `{extra}` |" not in reasons] == []


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_file_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES_OF_A_FILE


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_function_fits_a_screen(path: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = {f"{node.name}:{node.lineno}": (node.end_lineno or node.lineno) - node.lineno + 1 for node in functions}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES_OF_A_FUNCTION} == {}


def test_the_changelog_starts_with_the_version_of_the_package() -> None:
    versions = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == PROJECT["version"]


def test_the_package_ships_its_types() -> None:
    hatch = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]
    assert hatch["build"]["targets"]["wheel"]["packages"] == ["src/shoal"]
    assert (ROOT / "src/shoal/py.typed").is_file()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_of_a_page_leads_somewhere(document: Path) -> None:
    assert list(broken_links(document)) == []


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One title\n[a](gone.md) [b](#one-title) [c](#two) [d](page.md) [e](https://example.org)\n")
    assert list(broken_links(page)) == ["gone.md", "#two"]


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs/decisions"
    decisions = {path.name for path in folder.glob("[0-9]*.md")}
    listed = set(LINK.findall((folder / "README.md").read_text()))
    assert decisions
    assert decisions - listed == set()


def test_the_lock_names_the_public_index_alone() -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text()))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
