"""The rules that Kubernetes makes for the schema of a definition ("structural schema"), as a check."""

import re
from collections.abc import Iterator
from typing import Any

from unit.crds.api_model import INT_OR_STRING, PRESERVE, TYPES, nodes

KEYWORDS = {
    "type",
    "description",
    "properties",
    "required",
    "items",
    "additionalProperties",
    "enum",
    "format",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
    "default",
    PRESERVE,
    INT_OR_STRING,
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-validations",
}
ITERATES = re.compile(r"self\.(all|exists|exists_one|map|filter)\(")


def violations(schema: dict[str, Any]) -> Iterator[str]:
    """Every breach of the rules, with its path."""
    if set(schema["properties"]["metadata"]) != {"type"}:
        yield ".metadata: more than its type is said"
    for path, node in nodes(schema):
        yield from (f"{path}: forbidden keyword {keyword}" for keyword in sorted(set(node) - KEYWORDS))
        yield from _typed(path, node)
        yield from _filled(path, node)
        yield from _keyed(path, node)
        yield from _ruled(path, node)


def _typed(path: str, node: dict[str, Any]) -> Iterator[str]:
    if node.get(INT_OR_STRING):
        if "type" in node:
            yield f"{path}: a type beside {INT_OR_STRING}"
    elif "type" not in node and not node.get(PRESERVE):
        yield f"{path}: no type"
    elif node.get("type", "object") not in TYPES:
        yield f"{path}: unknown type {node['type']}"
    if PRESERVE in node and node.get("type", "object") != "object":
        yield f"{path}: {PRESERVE} on a {node['type']}"


def _filled(path: str, node: dict[str, Any]) -> Iterator[str]:
    if node.get("type") == "array" and "items" not in node:
        yield f"{path}: a list of nothing"
    if "properties" in node and "additionalProperties" in node:
        yield f"{path}: properties beside additionalProperties"
    yield from (
        f"{path}: requires the unknown {name}" for name in node.get("required", ()) if name not in node["properties"]
    )
    if "default" in node and not isinstance(node["default"], TYPES[node["type"]]):
        yield f"{path}: a default of another type"


def _keyed(path: str, node: dict[str, Any]) -> Iterator[str]:
    keys = node.get("x-kubernetes-list-map-keys", [])
    if bool(keys) != (node.get("x-kubernetes-list-type") == "map"):
        yield f"{path}: keys without a list of type map, or the reverse"
    item = node.get("items", {})
    for key in keys:
        known = item.get("properties", {}).get(key)
        if known is None or known["type"] not in ("string", "integer", "boolean"):
            yield f"{path}: the key {key} is no scalar of the items"
        elif key not in item.get("required", ()) and "default" not in known:
            yield f"{path}: the key {key} may be absent"


def _ruled(path: str, node: dict[str, Any]) -> Iterator[str]:
    for rule in node.get("x-kubernetes-validations", ()):
        if set(rule) != {"rule", "message"} or not rule["message"] or "\n" in rule["message"]:
            yield f"{path}: a rule without a message of one line"
        if ITERATES.search(rule["rule"]) and "maxItems" not in node:
            yield f"{path}: a rule walks through a list without end"
        for name in re.findall(r"\bself\.([a-z]\w*)\b(?!\()", rule["rule"]):
            if name not in node.get("properties", {}):
                yield f"{path}: a rule speaks of the unknown {name}"
