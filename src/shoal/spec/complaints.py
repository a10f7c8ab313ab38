"""The findings of decoding: what a reader of the file sees when a value doesn't fit its type."""

from collections.abc import Collection, Iterable

import msgspec

from shoal.findings import Edit, Finding, Fix, Path, Severity
from shoal.spec.node import Node
from shoal.spec.shapes import Field, Shape
from shoal.spec.wire import OpenKeys

_DUE: dict[str, str] = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "int_or_str": "a whole number or a string",
    "quantity": "a quantity such as 500m or 2Gi",
    "literal": "a word",
    "struct": "a mapping (`key: value` lines)",
    "tagged": "a mapping (`key: value` lines)",
    "dict": "a mapping (`key: value` lines)",
    "tuple": "a list (`- item` lines)",
}
_LONGEST_LIST = 12
_LONGEST_SHOWN = 60


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` most likely means, capitals aside; None when nothing is near."""
    from difflib import get_close_matches  # only needed once something is wrong

    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def suggestion(word: str, known: Collection[str]) -> str:
    """The next step for a word that isn't known: the nearest, else all when they are few."""
    near = nearest(word, known)
    named = sorted(each for each in known if each)  # "" is a choice that nobody writes
    listing = f"known: {', '.join(named)}" if len(named) <= _LONGEST_LIST else ""
    return "; ".join(part for part in (f"did you mean {near!r}?" if near else "", listing) if part)


def shown(text: str) -> str:
    """``text`` short enough for a message, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 3] + "..."


def place(path: Path) -> str:
    """A path as people write it: spec.workerGroupSpecs[0].replicas."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "the document"


def unknown_key(key: Node, path: Path, fields: dict[str, Field], struct: type[msgspec.Struct]) -> Finding:
    """S020; the warning S027 where unknown keys are let through. Renames a key that is wrong by its case alone."""
    known = list(fields)
    message = f"unknown key {shown(key.key)!r} in {place(path)}"
    near = nearest(key.key, known)
    fix = None
    if near is not None and near.lower() == key.key.replace("_", "").replace("-", "").lower():
        fix = Fix(f"rename it to {near}", (Edit(key.start, key.end, near),))
    hint = suggestion(key.key, known) or f"remove it: {struct.__name__} has no such field"
    if issubclass(struct, OpenKeys):
        return Finding("S027", Severity.WARNING, message, hint, (*path, key.key), key.mark, fix)
    return Finding("S020", Severity.ERROR, message, hint, (*path, key.key), key.mark, fix)


def wrong_type(node: Node, path: Path, shape: Shape) -> Finding:
    """S021; S022, with a fix that quotes the value, where a string is due and another scalar is given."""
    given = {"mapping": "a mapping", "sequence": "a list"}.get(node.kind) or _scalar_given(node)
    message = f"{place(path)} has to be {_DUE[shape.kind]}, not {given}"
    if shape.kind == "str" and node.kind == "scalar" and not node.is_null:
        quoted = msgspec.json.encode(node.raw).decode()
        # An anchored value may be right where else it is used, and a tag would keep its meaning.
        quoting = None if node.annotated else Fix("quote the value", (Edit(node.start, node.end, quoted),))
        return Finding("S022", Severity.ERROR, message, f"quote it: {shown(quoted)}", path, node.mark, quoting)
    fix = _unquoting(node, shape)
    hint = f"write {fix.edits[0].replacement} without quotes" if fix is not None else f"give it {_DUE[shape.kind]}"
    return Finding("S021", Severity.ERROR, message, hint, path, node.mark, fix)


def _scalar_given(node: Node) -> str:
    if node.is_null:
        return "empty"
    kind = {bool: "the boolean", int: "the number", float: "the number"}.get(type(node.value), "the string")
    return f"{kind} {shown(node.raw)}"


def _unquoting(node: Node, shape: Shape) -> Fix | None:
    """A number or boolean that is only wrong by its quotes."""
    if node.annotated or not isinstance(node.value, str) or node.raw[:1] not in ("'", '"'):
        return None
    text = node.value
    right = {
        "int": text.removeprefix("-").isdecimal() and text.isascii(),
        "bool": text in ("true", "false"),
        "float": text.replace(".", "", 1).isdecimal() and text.isascii(),
    }
    return Fix("unquote the value", (Edit(node.start, node.end, text),)) if right.get(shape.kind) else None


def missing_key(node: Node, path: Path, name: str, choices: tuple[str, ...] = ()) -> Finding:
    """S023."""
    message = f"{place(path)} lacks the required key {name!r}"
    hint = f"add `{name}:`" + (f" and one of {', '.join(choices)}" if choices else "")
    return Finding("S023", Severity.ERROR, message, hint, (*path, name), node.mark)


def not_a_choice(node: Node, path: Path, choices: tuple[str, ...]) -> Finding:
    """S024."""
    message = f"{place(path)} can't be {shown(str(node.raw))}"
    return Finding("S024", Severity.ERROR, message, suggestion(str(node.value), choices), path, node.mark)


def out_of_bounds(node: Node, path: Path, shape: Shape) -> Finding | None:
    """S025, when a number or a string's length is outside what its type allows."""
    value = node.value
    message = ""
    if isinstance(value, str):
        if len(value) < shape.shortest:
            message = f"{place(path)} can't be empty"
    elif isinstance(value, int | float):
        if shape.lowest is not None and value < shape.lowest:
            message = f"{place(path)} is {shown(node.raw)}, the least is {shape.lowest}"
        elif shape.highest is not None and value > shape.highest:
            message = f"{place(path)} is {shown(node.raw)}, the most is {shape.highest}"
    return Finding("S025", Severity.ERROR, message, "change the value", path, node.mark) if message else None


def invalid_quantity(node: Node, path: Path) -> Finding:
    """S026."""
    message = f"{place(path)}: {shown(node.raw)} is no quantity"
    hint = "write a number with an optional unit: m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi or Ei, as 500m, 2 or 4Gi"
    return Finding("S026", Severity.ERROR, message, hint, path, node.mark)
