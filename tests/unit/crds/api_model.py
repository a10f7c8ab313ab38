"""What an API server does with an object by the schema of its definition, in so far as no CEL is needed.

It drops nulls, writes defaults, drops fields that the schema neither names nor keeps, then judges types and bounds.
"""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

INT_OR_STRING = "x-kubernetes-int-or-string"
PRESERVE = "x-kubernetes-preserve-unknown-fields"
ANNOTATION_LIMIT = 262_144  # bytes of all annotations of an object, of which `kubectl apply` keeps a whole copy
SPARE = 10_000  # for other annotations, and for the fields of Ray's next versions
MOST_APPLIED = ANNOTATION_LIMIT - SPARE
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def schema_of(definition: dict[str, Any], version: str = "v1") -> dict[str, Any]:
    """The schema of one version of a definition."""
    found = next(each for each in definition["spec"]["versions"] if each["name"] == version)
    schema: dict[str, Any] = found["schema"]["openAPIV3Schema"]
    return schema


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node of a schema with its path, as ``.spec.workerGroupSpecs[].replicas``; ``{}`` for a map's values."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        yield from nodes(schema["additionalProperties"], f"{path}{{}}")


def admitted(schema: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """The object as it would be stored. Its metadata is Kubernetes' own matter."""
    stored: dict[str, Any] = _filled(schema, value)
    return stored | {"metadata": value["metadata"]}


def _filled(schema: dict[str, Any], value: Any) -> Any:
    if isinstance(value, dict):
        names, values = schema.get("properties", {}), schema.get("additionalProperties")
        kept = {
            key: _filled(names.get(key, values or {PRESERVE: True}), inner)
            for key, inner in value.items()
            if inner is not None and (key in names or values is not None or schema.get(PRESERVE))
        }
        defaults = {key: inner["default"] for key, inner in names.items() if "default" in inner}
        return copy.deepcopy(defaults) | kept
    if isinstance(value, list):
        return [_filled(schema.get("items", {PRESERVE: True}), inner) for inner in value]
    return value


def complaints(schema: dict[str, Any], value: Any, path: str = "") -> Iterator[str]:
    """What is wrong with an object that went through ``admitted``."""
    if schema.get(INT_OR_STRING):
        if type(value) not in (int, str) or not re.search(schema.get("pattern", ""), str(value)):
            yield f"{path}: {value!r} is neither a whole number nor a fitting text"
        return
    expected = schema.get("type")
    if expected is None:
        return
    if not isinstance(value, TYPES[expected]) or (isinstance(value, bool) and expected != "boolean"):
        yield f"{path}: {value!r} is no {expected}"
        return
    yield from bounds(schema, value, path)
    known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from complaints(known.get(key, others), inner, f"{path}.{key}")
    for index, inner in enumerate(value if isinstance(value, list) else ()):
        yield from complaints(schema["items"], inner, f"{path}[{index}]")


def bounds(schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    """What is wrong with a value of the right type, apart from what it holds."""
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if isinstance(value, dict):
        yield from (f"{path}: lacks {name}" for name in schema.get("required", ()) if name not in value)
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{path}: {value} is out of bounds"
    if isinstance(value, str) and not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield f"{path}: a text of {len(value)}"
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{path}: {len(value)} items"
        keys = schema.get("x-kubernetes-list-map-keys", ())
        seen = [json.dumps([item.get(key) for key in keys]) for item in value if isinstance(item, dict)] if keys else []
        yield from (f"{path}: {key} twice" for key in {key for key in seen if seen.count(key) > 1})
