"""YAML events -> nodes, without recursion, so that no depth or alias of the text can hurt.

PyYAML's own composer is not used: it recurses once a level, keeps the last of two equal keys without a word, and
expands aliases without a limit.
"""

import re
from collections.abc import Iterator

import msgspec
import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from shoal.findings import Finding, Mark, Severity
from shoal.spec.node import Node
from shoal.spec.scalars import KNOWN_TAGS, resolve
from shoal.spec.syntax import syntax_finding

_PROPERTIES = re.compile(r"(?:[&!]\S*\s*)+")  # the anchor and the tag in front of a scalar
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Limits(msgspec.Struct, frozen=True):
    """The most that a text may hold: levels of nesting, values, and values that aliases stand for."""

    depth: int
    nodes: int
    aliased: int


def compose(text: str, limits: Limits) -> tuple[tuple[Node, ...], tuple[Finding, ...]]:
    """The documents of ``text`` that aren't null, and every finding.

    Reading stops at a syntax error or a broken limit; the documents before it are still returned.
    """
    composer = _Composer(text, limits)
    try:
        for event in _events(text):
            composer.feed(event)
    except _Refused as refused:
        composer.findings.append(refused.finding)
    except yaml.YAMLError as error:
        composer.findings.append(syntax_finding(text, error, composer.bracket()))
    return tuple(composer.documents), tuple(composer.findings)


def _events(text: str) -> Iterator[Event]:
    return yaml.parse(text, Loader=_LOADER)  # type: ignore[no-any-return,no-untyped-call,unused-ignore]


class _Refused(Exception):
    def __init__(self, code: str, message: str, hint: str, mark: Mark) -> None:
        super().__init__(message)
        self.finding = Finding(code, Severity.ERROR, message, hint, mark=mark)


class _Open:
    """A collection whose end has not been read yet."""

    __slots__ = ("anchor", "children", "in_brackets", "is_mapping", "mark", "size", "start")

    def __init__(self, event: CollectionStartEvent) -> None:
        self.is_mapping = isinstance(event, MappingStartEvent)
        self.in_brackets = bool(event.flow_style)
        self.anchor: str | None = event.anchor
        self.mark = _mark(event)
        self.start = _extent(event)[0]
        self.children: list[Node] = []
        self.size = 1


class _Composer:
    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.documents: list[Node] = []
        self.findings: list[Finding] = []
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.nodes = 0
        self.aliased = 0
        self.root: Node | None = None

    def bracket(self) -> Mark | None:
        """Where the innermost collection begins, when it is in brackets and still open."""
        return self.stack[-1].mark if self.stack and self.stack[-1].in_brackets else None

    def feed(self, event: Event) -> None:
        if isinstance(event, ScalarEvent):
            self.add(self.scalar(event), 1, event.anchor)
        elif isinstance(event, CollectionStartEvent):
            self.open(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self.close(event)
        elif isinstance(event, AliasEvent):
            self.alias(event)
        elif isinstance(event, DocumentStartEvent):
            self.anchors, self.root = {}, None
        elif isinstance(event, DocumentEndEvent) and self.root is not None and not self.root.is_null:
            self.documents.append(self.root)

    def add(self, node: Node, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self.anchors[anchor] = (node, size)
        if self.stack:
            self.stack[-1].children.append(node)
            self.stack[-1].size += size
        else:
            self.root = node

    def count(self, event: Event) -> None:
        self.nodes += 1
        if self.nodes > self.limits.nodes:
            message = f"more than {self.limits.nodes:,} values"
            raise _Refused("S001", message, "check that it is the right file; split it if it is", _mark(event))

    def scalar(self, event: ScalarEvent) -> Node:
        self.count(event)
        self.check_tag(event)
        start, end = _extent(event)
        if (found := _PROPERTIES.match(self.text, start, end)) is not None:
            start = found.end()
        value = resolve(event.value, plain=not event.style, tag=event.tag)
        return Node(
            "scalar", _mark(event), start, end, value, self.text[start:end], annotated=bool(event.anchor or event.tag)
        )

    def open(self, event: CollectionStartEvent) -> None:
        self.count(event)
        self.check_tag(event)
        if len(self.stack) >= self.limits.depth:
            message = f"nested deeper than {self.limits.depth} levels"
            raise _Refused(
                "S006", message, "no spec needs that: check for a stray bracket or indentation", _mark(event)
            )
        self.stack.append(_Open(event))

    def close(self, event: Event) -> None:
        done = self.stack.pop()
        end = _extent(event)[1]
        if done.is_mapping:
            pairs = self.merged(list(zip(done.children[::2], done.children[1::2], strict=True)))
            node = Node("mapping", done.mark, done.start, end, pairs=pairs)
        else:
            node = Node("sequence", done.mark, done.start, end, items=tuple(done.children))
        self.add(node, done.size, done.anchor)

    def alias(self, event: AliasEvent) -> None:
        name = event.anchor
        if name not in self.anchors:
            if any(level.anchor == name for level in self.stack):
                raise _Refused("S007", f"*{name} contains itself", "write the value out", _mark(event))
            known = ", ".join(f"&{anchor}" for anchor in sorted(self.anchors)[:8]) or "none"
            raise _Refused(
                "S008", f"*{name} refers to an anchor that is not defined before", f"defined: {known}", _mark(event)
            )
        node, size = self.anchors[name]
        self.aliased += size
        if self.aliased > self.limits.aliased:
            message = f"aliases stand for more than {self.limits.aliased:,} values (*{name} alone for {size:,})"
            raise _Refused("S007", message, "write the values out, or use fewer aliases of aliases", _mark(event))
        self.add(node, size, None)

    def check_tag(self, event: ScalarEvent | CollectionStartEvent) -> None:
        if event.tag is not None and event.tag not in KNOWN_TAGS:
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.error("S009", f"the tag {shown} has no meaning here", "remove the tag", _mark(event))

    def merged(self, pairs: list[tuple[Node, Node]]) -> tuple[tuple[Node, Node], ...]:
        """The pairs without ``<<``, the first of equal keys only, then what ``<<`` brings in."""
        own: dict[str, tuple[Node, Node]] = {}
        sources: list[Node] = []
        for key, value in pairs:
            if key.kind != "scalar":
                self.error("S010", "a mapping key has to be a single word or string", "put the key in quotes", key.mark)
            elif key.raw == "<<":
                sources += value.items if value.kind == "sequence" else (value,)
            elif key.key in own:
                first = own[key.key][0].mark
                message = f"the key {key.key!r} is given twice, first in line {first.line}"
                self.error("S011", message, "remove one of them: only one would count", key.mark)
            else:
                own[key.key] = (key, value)
        for source in sources:
            if source.kind != "mapping":
                self.error("S010", "`<<` merges mappings only", "give it a mapping, or a list of mappings", source.mark)
            for key, value in source.pairs:
                own.setdefault(key.key, (key, value))
        return tuple(own.values())

    def error(self, code: str, message: str, hint: str, mark: Mark) -> None:
        self.findings.append(Finding(code, Severity.ERROR, message, hint, mark=mark))


def _mark(event: Event) -> Mark:
    place = event.start_mark
    return Mark(place.line + 1, place.column + 1) if place is not None else Mark(1, 1)


def _extent(event: Event) -> tuple[int, int]:
    start, end = event.start_mark, event.end_mark
    return (start.index if start is not None else 0), (end.index if end is not None else 0)
