"""What has to change in the imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from shoal.air.migration.bindings import Import
from shoal.air.migration.source import Edit, Source
from shoal.air.migration.table import TOOLKIT, Name, by_module


@dataclass
class Change:
    """What becomes of one import statement.

    moved: alias to the name that it imports from shoal.air.
    removed: aliases that nothing needs any more.
    lines: import statements beside it.
    """

    moved: dict[ast.alias, str] = field(default_factory=dict)
    removed: list[ast.alias] = field(default_factory=list)
    lines: dict[str, None] = field(default_factory=dict)


def imported(alias: ast.alias, new: str) -> str:
    """``new``, imported under the local name that the script has for it, if it gave one."""
    return f"{new} as {alias.asname}" if alias.asname and alias.asname != new else new


def module_of(name: Name) -> str:
    """What to import before ``name.target`` can be written in full."""
    if name.old in by_module():
        return name.target
    return name.target.partition("(")[0].rpartition(".")[0]


def edits(source: Source, statement: Import, change: Change) -> Iterator[Edit]:
    """The statement as it is to be."""
    kept = [alias for alias in statement.names if alias not in change.moved and alias not in change.removed]
    all_move = len(change.moved) == len(statement.names)
    if all_move and isinstance(statement, ast.ImportFrom) and len(set(map(_package, change.moved.values()))) == 1:
        yield from _in_place(source, statement, change)
        lines: list[str] = []
    elif len(kept) == len(statement.names):
        lines = []
    else:
        lines = list(_moved_lines(change))
        if kept:
            gone = [source.span(alias) for alias in statement.names if alias not in kept]
            yield from source.without(gone, [source.span(alias) for alias in statement.names])
        else:
            yield from _replaced(source, statement, [*lines, *change.lines])
            return
    yield from _beside(source, statement, lines, before=True)
    yield from _beside(source, statement, list(change.lines), before=False)


def _package(moved: str) -> str:
    return "shoal" if moved.partition(" ")[0] == "air" else TOOLKIT


def _moved_lines(change: Change) -> Iterator[str]:
    for package in ("shoal", TOOLKIT):
        moved = [imported(alias, new) for alias, new in change.moved.items() if _package(new) == package]
        if moved:
            yield f"from {package} import {', '.join(moved)}"


def _in_place(source: Source, statement: ast.ImportFrom, change: Change) -> Iterator[Edit]:
    """Only the module and the names are put anew, so that the layout and the comments stay."""
    start, _ = source.span(statement)
    at = source.code.index(str(statement.module).encode(), start + len(b"from"))
    yield Edit((at, at + len(str(statement.module).encode())), _package(next(iter(change.moved.values()))))
    for alias, new in change.moved.items():
        if imported(alias, new) != imported(alias, alias.name):
            yield Edit(source.span(alias), imported(alias, new))


def _replaced(source: Source, statement: Import, lines: list[str]) -> Iterator[Edit]:
    span = source.span(statement)
    alone = source.stands_alone(span)
    if not lines and alone and _has_siblings(source, statement):
        yield Edit((source.line(span[0])[0], min(len(source.code), source.line(span[1])[1] + len(source.newline))))
        return
    between = source.newline + _indent(source, span[0]) if alone else "; "
    comments = source.comments(span) if alone else []
    yield Edit(span, between.join([*comments, *(lines or ["pass"])]))


def _has_siblings(source: Source, statement: Import) -> bool:
    """Whether the block that the statement is in has others."""
    for node in ast.walk(source.tree):
        for _, block in ast.iter_fields(node):
            if isinstance(block, list) and statement in block:
                return len(block) > 1
    return False


def _beside(source: Source, statement: Import, lines: list[str], *, before: bool) -> Iterator[Edit]:
    """Statements in front of it, or behind, on lines of their own where they can be."""
    if not lines:
        return
    start, end = source.span(statement)
    between = source.newline + _indent(source, start) if source.stands_alone((start, end)) else "; "
    if before:
        yield Edit((start, start), "".join(line + between for line in lines))
    else:
        at = end if between == "; " else source.line(end)[1]
        yield Edit((at, at), "".join(between + line for line in lines))


def _indent(source: Source, at: int) -> str:
    line = source.words((source.line(at)[0], at))
    return line[: len(line) - len(line.lstrip())]
