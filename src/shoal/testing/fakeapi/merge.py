"""Merging an applied object into a live one, and taking paths out of an object."""

from collections.abc import Iterable
from typing import Any

from shoal.testing.fakeapi.fields import Path, children, element_of, is_leaf
from shoal.testing.fakeapi.types import PLAIN, Type

_ABSENT: Any = object()
Tree = dict[str, Any]


def merged(live: Any, applied: Any, kind: Type) -> Any:
    """``live`` with all that ``applied`` says."""
    if applied is None and live and not is_leaf(live, kind):
        return live
    if is_leaf(live, kind) or is_leaf(applied, kind) or not (live or applied):
        return applied
    if isinstance(live, list) and isinstance(applied, list):
        return _merged_list(live, applied, kind)
    if isinstance(live, dict) and isinstance(applied, dict):
        both = {
            name: merged(value, applied[name], kind.of(name)) if name in applied else value
            for name, value in live.items()
        }
        return both | {name: value for name, value in applied.items() if name not in live}
    return applied


def _merged_list(live: list[Any], applied: list[Any], kind: Type) -> list[Any]:
    """The items of both; those of ``applied`` in its order, the others where they stood before them."""
    olds = {element_of(item, kind): item for item in live}
    news = {element_of(item, kind): item for item in applied}
    left, right, out = list(olds), list(news), []
    shared = [element for element in right if element in olds]
    lefts, rights, done = 0, 0, set()
    while lefts < len(left) or rights < len(right):
        if lefts < len(left) and rights < len(right):
            if left[lefts] == right[rights]:
                pass
            elif left[lefts] in news and shared and shared[0] != left[lefts]:
                lefts += 1
                continue
        if lefts < len(left) and left[lefts] not in news:
            out.append(olds[left[lefts]])
            lefts += 1
            continue
        if lefts < len(left) and (left[lefts] in done or (rights < len(right) and left[lefts] == right[rights])):
            lefts += 1
        if rights < len(right):
            element = right[rights]
            done.add(element)
            new = news[element]
            out.append(merged(olds[element], new, kind.items or PLAIN) if element in olds else new)
            rights += 1
            if shared and shared[0] == element:
                shared = shared[1:]
    return out


def tree_of(paths: Iterable[Path]) -> Tree:
    """The paths as nested dicts; a member has the key "."."""
    root: Tree = {}
    for path in paths:
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return root


def without(value: Any, tree: Tree, kind: Type) -> Any:
    """The value less the paths; None when nothing is left of an object or a list."""
    if is_leaf(value, kind):
        return None if isinstance(value, dict | list) else value
    kept = []
    for element, inner, inner_kind in children(value, kind):
        node = tree.get(element)
        if node is not None and "." in node:
            continue
        kept.append((element, without(inner, node, inner_kind) if node else inner))
    if not kept:
        return None
    if isinstance(value, list):
        return [inner for _, inner in kept]
    return {element[2:]: inner for element, inner in kept}
