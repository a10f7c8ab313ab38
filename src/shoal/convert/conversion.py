"""What a conversion gives, and how the fields that it leaves behind are found and told."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec
import yaml

from shoal.findings import Finding, Path, Severity
from shoal.lint.local import best_match, normal
from shoal.lint.local_kinds import NOT_CARRIED_OVER, Pattern
from shoal.spec.complaints import place
from shoal.spec.scalars import resolve_plain

LONGEST_LINE = 120
Carried: TypeAlias = Callable[[Path, Any], bool]


class Conversion(msgspec.Struct, frozen=True):
    """text: the other format, as YAML. lost: every field that is set and not carried over, with the reason."""

    text: str
    lost: tuple[Finding, ...]


class Reason(msgspec.Struct, frozen=True):
    """Why the fields under a pattern have no counterpart. The pattern is as in ``shoal.lint.local_kinds``."""

    pattern: Pattern
    why: str


def because(why: str, *dotted: str) -> tuple[Reason, ...]:
    """The same reason for several dotted patterns."""
    return tuple(Reason(tuple(pattern.split(".")), why) for pattern in dotted)


def lost_fields(spec: msgspec.Struct, is_carried: Carried, reasons: tuple[Reason, ...]) -> Iterator[Finding]:
    """Notes of the fields of ``spec`` that are set and not carried over: one for all below a field that share a reason.

    is_carried: asked with the path of every set value, and the value.
    """
    told: set[Path] = set()
    for path, value in _leaves(msgspec.to_builtins(spec), ()):
        if is_carried(path, value):
            continue
        reason, at = _reason(path, reasons)
        if at not in told:
            told.add(at)
            message = f"{place(at)}: {reason}"
            yield Finding(NOT_CARRIED_OVER.code, Severity.NOTE, message, path=at)


def _reason(path: Path, reasons: tuple[Reason, ...]) -> tuple[str, Path]:
    """The reason with the longest pattern that covers ``path``, and the part of the path that it is about."""
    steps = normal(path)
    best = max(reasons, key=lambda reason: best_match(steps, (reason.pattern,)))
    length = best_match(steps, (best.pattern,))
    if not length:
        return "the other format has no such field", path
    return best.why, path[: len(path) - (len(steps) - length)]


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    elif value is not None:
        yield path, value


class _Dumper(yaml.SafeDumper):
    """Quotes every string that Kubernetes, whose YAML is wider than PyYAML's, would read as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    is_plain = text != "" and resolve_plain(text) == text
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain else '"')


_Dumper.add_representer(str, _string)


def to_yaml(comment: str, document: dict[str, Any]) -> str:
    """The document as block YAML in the order given, below a comment. Empty and None values are left out."""
    body: str = yaml.dump(
        without_empty(document), Dumper=_Dumper, sort_keys=False, width=LONGEST_LINE, allow_unicode=True
    )
    return f"# {comment}\n{body}"


def without_empty(document: dict[str, Any]) -> dict[str, Any]:
    """The entries whose value says something: not None, no empty collection or string."""
    return {key: value for key, value in document.items() if value is not None and value not in ({}, [], "")}
