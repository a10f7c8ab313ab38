"""What the CustomResourceDefinitions of Ray's kinds say: how fields are merged, and their defaults."""

from functools import cache
from typing import Any

from shoal.crds.definitions import definition
from shoal.testing.fakeapi.kinds import Kind
from shoal.testing.fakeapi.types import ATOMIC, META, PLAIN, SET, TYPES, UNTYPED, Type

JsonObject = dict[str, Any]


@cache
def schema_of(kind: str) -> JsonObject:
    """The schema of one of Ray's kinds."""
    schema: JsonObject = definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def type_of(kind: Kind) -> Type:
    """How objects of the kind are merged."""
    return _custom_type(kind.kind) if kind.custom else TYPES[kind.resource]


@cache
def _custom_type(kind: str) -> Type:
    found = _type(schema_of(kind))
    return Type(fields=found.fields | {"metadata": META}, is_map=True)


def _type(schema: JsonObject) -> Type:
    if "items" in schema:
        return _list_type(schema)
    if schema.get("x-kubernetes-map-type") == "atomic":
        return ATOMIC
    if "additionalProperties" in schema:
        return Type(is_map=True, rest=_type(schema["additionalProperties"]))
    if schema.get("type") == "object":
        fields = {name: _type(inner) for name, inner in schema.get("properties", {}).items()}
        return Type(fields=fields, is_map=True) if fields else UNTYPED
    return PLAIN


def _list_type(schema: JsonObject) -> Type:
    how = schema.get("x-kubernetes-list-type")
    if how == "set":
        return SET
    if how != "map":
        return ATOMIC
    keys = tuple(schema["x-kubernetes-list-map-keys"])
    known = schema["items"].get("properties", {})
    defaults = {key: known[key]["default"] for key in keys if "default" in known.get(key, {})}
    return Type(keys=keys, items=_type(schema["items"]), defaults=defaults)


def with_defaults(value: Any, schema: JsonObject) -> Any:
    """The value with the defaults of its schema."""
    if isinstance(value, list) and "items" in schema:
        return [with_defaults(item, schema["items"]) for item in value]
    if not isinstance(value, dict):
        return value
    known: JsonObject = schema.get("properties", {})
    rest = schema.get("additionalProperties")
    full = {name: with_defaults(inner, known.get(name) or rest or {}) for name, inner in value.items()}
    for name, inner in known.items():
        if "default" in inner and full.get(name) is None:
            full[name] = inner["default"]
    return full
