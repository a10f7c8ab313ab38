"""Label and field selectors."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from shoal.testing.fakeapi.kinds import ANY_META, Kind
from shoal.testing.fakeapi.refusals import bad_request

Matches = Callable[[Mapping[str, Any]], bool]
_SET = re.compile(r"\s*([^\s,!=]+)\s+(in|notin)\s*\(([^)]*)\)\s*")
_PLAIN = re.compile(r"\s*(!?)\s*([^\s,!=]+)\s*(?:(==|!=|=)\s*([^\s,]*))?\s*")


def _label_terms(text: str) -> list[tuple[str, str, frozenset[str]]]:
    """(key, operator, values) of each requirement; operators: in, notin, exists, absent."""
    terms, at = [], 0
    while at < len(text):
        found = _SET.match(text, at)
        if found:
            values = frozenset(value.strip() for value in found[3].split(","))
            terms.append((found[1], found[2], values))
        else:
            found = _PLAIN.match(text, at)
            if not found:
                raise bad_request(f"unable to parse requirement: {text}")
            bare, key, operator, value = found.groups()
            if operator is None:
                terms.append((key, "absent" if bare else "exists", frozenset()))
            else:
                terms.append((key, "notin" if operator == "!=" else "in", frozenset((value,))))
        at = found.end()
        if at < len(text) and text[at] != ",":
            raise bad_request(f"unable to parse requirement: {text}")
        at += 1
    return terms


def by_labels(text: str) -> Matches:
    """Whether an object's labels are as ``text`` wants. Raises Refused."""
    terms = _label_terms(text)

    def matches(item: Mapping[str, Any]) -> bool:
        labels = item["metadata"].get("labels") or {}
        return all(_holds(operator, labels.get(key), values) for key, operator, values in terms)

    return matches


def _holds(operator: str, value: str | None, values: frozenset[str]) -> bool:
    if operator == "in":
        return value in values
    if operator == "notin":
        return value is None or value not in values
    return (value is not None) == (operator == "exists")


def field_of(item: Mapping[str, Any], path: tuple[str, ...]) -> str:
    """The field at the path as a selector compares it, "" if there is none."""
    found: Any = item
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, bool):
        return "true" if found else "false"
    return "" if found is None else str(found)


def by_fields(kind: Kind, text: str) -> Matches:
    """Whether an object's fields are as ``text`` wants. Raises Refused for a field that the kind has no selector of."""
    terms = []
    for term in filter(None, text.split(",")):
        key, operator, value = _split(term)
        if key not in kind.fields:
            raise bad_request(_unsupported(kind, key))
        terms.append((kind.fields[key], operator == "!=", value))

    def matches(item: Mapping[str, Any]) -> bool:
        return all((field_of(item, path) == value) != unlike for path, unlike, value in terms)

    return matches


def _unsupported(kind: Kind, key: str) -> str:
    if kind.plural == "jobs":
        return f'field label "{key}" not supported for Job'
    if kind.custom or len(kind.fields) > len(ANY_META):
        return f"field label not supported: {key}"
    return f'"{key}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _split(term: str) -> tuple[str, str, str]:
    for operator in ("!=", "==", "="):
        key, found, value = term.partition(operator)
        if found:
            return key, found, value
    raise bad_request(f"invalid field selector: {term!r}; can't understand {term!r}")


def selection(kind: Kind, query: Mapping[str, str]) -> Matches:
    """What the query's two selectors choose."""
    labels = by_labels(query["labelSelector"]) if query.get("labelSelector") else None
    fields = by_fields(kind, query["fieldSelector"]) if query.get("fieldSelector") else None
    if labels and fields:
        return lambda item: labels(item) and fields(item)
    return labels or fields or (lambda item: True)
