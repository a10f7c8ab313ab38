"""Sets of field paths, as server-side apply reckons with them.

A path is a tuple of elements as ``managedFields`` spells them: ``f:spec``, ``k:{"name":"a"}``, ``v:"x"``.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import msgspec

from shoal.testing.fakeapi.types import PLAIN, Type

Path: TypeAlias = tuple[str, ...]
Paths: TypeAlias = frozenset[Path]
NONE: Paths = frozenset()
Parts: TypeAlias = dict[str, tuple[Any, Type]]
MOST_REMEMBERED = 5000
_ABSENT: Any = object()
_DECODED: dict[int, tuple[dict[str, Any], Paths]] = {}


class Diff(msgspec.Struct, frozen=True):
    """What one object has that another lacks or has otherwise."""

    added: Paths
    modified: Paths
    removed: Paths

    @property
    def is_none(self) -> bool:
        """Whether the two are the same."""
        return not (self.added or self.modified or self.removed)

    def without(self, prefixes: Iterable[Path]) -> "Diff":
        """Less all that is under the prefixes."""
        return Diff(*(below(paths, prefixes) for paths in (self.added, self.modified, self.removed)))


def below(paths: Paths, prefixes: Iterable[Path]) -> Paths:
    """The paths that are not under one of the prefixes."""
    for prefix in prefixes:
        paths = frozenset(path for path in paths if path[: len(prefix)] != prefix)
    return paths


def element_of(item: Any, kind: Type) -> str:
    """The path element of an item of a keyed list or of a set."""
    if kind.is_set:
        return "v:" + _json(item)
    keys = {key: item[key] if key in item else kind.defaults.get(key) for key in kind.keys}
    return "k:" + _json({key: value for key, value in sorted(keys.items()) if value is not None})


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def is_listed(value: Any, kind: Type) -> bool:
    """Whether the value is a list whose items have paths of their own."""
    return isinstance(value, list) and bool(kind.keys or kind.is_set) and not kind.atomic


def children(value: Any, kind: Type) -> Iterator[tuple[str, Any, Type]]:
    """Each part that has a path of its own: its element, value and type. Nothing for a leaf."""
    if isinstance(value, dict) and not kind.atomic:
        for name, inner in value.items():
            yield "f:" + name, inner, kind.of(name)
    elif is_listed(value, kind):
        for item in value:
            yield element_of(item, kind), item, kind.items or PLAIN


def is_leaf(value: Any, kind: Type) -> bool:
    """Whether the value is one thing to its owner."""
    return not (isinstance(value, dict) and not kind.atomic) and not is_listed(value, kind)


def paths_of(value: Any, kind: Type) -> Paths:
    """The paths that a manager who applies ``value`` owns."""
    found: set[Path] = set()
    _collect(value, kind, (), found)
    return frozenset(found)


def _collect(value: Any, kind: Type, path: Path, found: set[Path]) -> None:
    if is_leaf(value, kind):
        found.add(path)
        return
    in_list = isinstance(value, list)
    for element, inner, inner_kind in children(value, kind):
        here = (*path, element)
        _collect(inner, inner_kind, here, found)
        if in_list or inner is None or inner == {} or not kind.names(element[2:]):
            found.add(here)


def diff(old: Any, new: Any, kind: Type) -> Diff:
    """What ``new`` adds, changes and lacks."""
    added: set[Path] = set()
    modified: set[Path] = set()
    removed: set[Path] = set()
    _compare(old, new, kind, (), (added, modified, removed))
    return Diff(frozenset(added), frozenset(modified), frozenset(removed))


def _compare(old: Any, new: Any, kind: Type, path: Path, out: tuple[set[Path], set[Path], set[Path]]) -> None:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and not kind.atomic:
        before: Parts = {
            "f:" + name: (inner, kind.of(name)) for name, inner in old.items() if inner != new.get(name, _ABSENT)
        }
        after: Parts = {
            "f:" + name: (inner, kind.of(name)) for name, inner in new.items() if inner != old.get(name, _ABSENT)
        }
    else:
        before = {element: (inner, of) for element, inner, of in children(old, kind)}
        after = {element: (inner, of) for element, inner, of in children(new, kind)}
    added, modified, removed = out
    for element, (inner, of) in before.items():
        if element in after:
            _compare(inner, after[element][0], of, (*path, element), out)
        else:
            _all(inner, of, (*path, element), removed)
    for element, (inner, of) in after.items():
        if element not in before:
            _all(inner, of, (*path, element), added)
    if not (before or after) or _is_scalar(old, kind) or _is_scalar(new, kind):
        modified.add(path)


def _all(value: Any, kind: Type, path: Path, found: set[Path]) -> None:
    """Every path in the value, and its own."""
    found.add(path)
    for element, inner, of in children(value, kind):
        _all(inner, of, (*path, element), found)


def _is_scalar(value: Any, kind: Type) -> bool:
    return value is not None and is_leaf(value, kind)


def with_names(paths: Paths, kind: Type) -> Paths:
    """Besides the paths, every field of a struct that one of them goes through."""
    found = set(paths)
    for path in paths:
        at = kind
        for depth, element in enumerate(path[:-1]):
            if element[0] == "f":
                if at.names(element[2:]):
                    found.add(path[: depth + 1])
                at = at.of(element[2:])
            else:
                at = at.items or PLAIN
    return frozenset(found)


def decoded(fields: dict[str, Any]) -> Paths:
    """The paths of a ``fieldsV1``."""
    known = _DECODED.get(id(fields))
    if known and known[0] is fields:
        return known[1]
    found: set[Path] = set()

    def walk(node: dict[str, Any], path: Path) -> None:
        for element, inner in node.items():
            if element == ".":
                found.add(path)
            elif inner:
                walk(inner, (*path, element))
            else:
                found.add((*path, element))

    walk(fields, ())
    return _remembered(fields, frozenset(found))


def encoded(paths: Paths) -> dict[str, Any]:
    """A ``fieldsV1`` of the paths."""
    root: dict[str, Any] = {}
    members = []
    for path in paths:
        node = root
        for element in path:
            node = node.setdefault(element, {})
        members.append(node)
    for node in members:
        if node:
            node["."] = {}
    _remembered(root, paths)
    return root


def _remembered(fields: dict[str, Any], paths: Paths) -> Paths:
    """The paths, remembered with the ``fieldsV1``, which objects pass on from version to version."""
    if len(_DECODED) > MOST_REMEMBERED:
        _DECODED.clear()
    _DECODED[id(fields)] = (fields, paths)
    return paths


def spelled(path: Path) -> str:
    """The path as messages spell it: ``.spec.containers[name="a"].image``."""
    out = ""
    for element in path:
        if element[0] == "f":
            out += "." + element[2:]
        elif element[0] == "v":
            out += f"[={element[2:]}]"
        else:
            keys = msgspec.json.decode(element[2:])
            out += "[" + ",".join(f"{key}={_json(value)}" for key, value in keys.items()) + "]"
    return out
