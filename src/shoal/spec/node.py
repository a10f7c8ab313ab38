"""A value of a YAML document that knows where it stands."""

from typing import Any, Literal, TypeAlias

import msgspec

from shoal.findings import Mark, Path
from shoal.spec.scalars import Scalar

Kind: TypeAlias = Literal["scalar", "mapping", "sequence"]


class Node(msgspec.Struct, frozen=True):
    """One value of a document.

    value: of a scalar, as Kubernetes reads it; None for a collection.
    raw: of a scalar, as written, quotes included; "" for a collection.
    mark: where it begins, an anchor or tag included. start, end: extent of its value, in characters of the text.
    annotated: of a scalar, whether it has an anchor or tag, so that its text alone doesn't say what it means and where.
    pairs: of a mapping, in order, keys merged by ``<<`` last. items: of a sequence.
    """

    kind: Kind
    mark: Mark
    start: int
    end: int
    value: Scalar = None
    raw: str = ""
    pairs: tuple[tuple["Node", "Node"], ...] = ()
    items: tuple["Node", ...] = ()
    annotated: bool = False

    @property
    def children(self) -> tuple["Node", ...] | tuple[tuple["Node", "Node"], ...]:
        """The (key, value) pairs of a mapping, the items of a sequence, nothing for a scalar."""
        return self.pairs or self.items

    @property
    def is_null(self) -> bool:
        """Whether it is an explicit or empty null."""
        return self.kind == "scalar" and self.value is None

    @property
    def key(self) -> str:
        """As a mapping key, which is always a string in Kubernetes: ``8080`` is "8080", ``on`` is "true"."""
        return self.value if isinstance(self.value, str) else _key_text(self.value)

    def key_node(self, key: str) -> "Node | None":
        """The node of the key itself, to point at."""
        return next((name for name, _ in self.pairs if name.key == key), None)

    def get(self, key: str) -> "Node | None":
        """The value of ``key``; None when there is none or this is no mapping."""
        return next((value for name, value in self.pairs if name.key == key), None)

    def at(self, path: Path) -> "Node | None":
        """The node ``path`` leads to from here."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(step, str):
                node = node.get(step)
            else:
                node = node.items[step] if -len(node.items) <= step < len(node.items) else None
        return node

    def nearest(self, path: Path) -> "Node":
        """The deepest node on the way along ``path``: what to point at when its end isn't written."""
        node = self
        for length in range(1, len(path) + 1):
            found = self.at(path[:length])
            if found is None:
                break
            node = found
        return node

    def plain(self) -> Any:
        """The same as dicts, lists and scalars."""
        if self.kind == "mapping":
            return {key.key: value.plain() for key, value in self.pairs}
        if self.kind == "sequence":
            return [item.plain() for item in self.items]
        return self.value


def _key_text(value: Scalar) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
