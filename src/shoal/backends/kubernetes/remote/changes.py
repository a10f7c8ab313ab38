"""What a dry run of an apply would change, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from shoal.backends.kubernetes.compact import LAST_APPLIED

LONGEST = 40
SHOWN = 4
_META = ("labels", "annotations")


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Each difference between two states of an object that its author may cause, as ``spec.suspend: false -> true``."""
    found = list(_differences("spec", before.get("spec"), after.get("spec")))
    for part in _META:
        old, new = _of_author(before, part), _of_author(after, part)
        found += _differences(f"metadata.{part}", old, new)
    return tuple(found)


def _of_author(state: Mapping[str, Any], part: str) -> dict[str, Any]:
    """Without kubectl's own note of what it applied."""
    return {key: value for key, value in (state["metadata"].get(part) or {}).items() if key != LAST_APPLIED}


def summary(found: tuple[str, ...]) -> str:
    """The first few of them."""
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more


def _differences(path: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from _differences(f"{path}.{key}", before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(f"{path}[{index}]", old, new)
    else:
        yield f"{path}: {_short(before)} -> {_short(after)}"


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return f"{len(value)} entries"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
