"""Rows of JSON, held against the columns that a model was trained on: what fits no column is told by row and field."""

from collections.abc import Sequence
from typing import Any

from shoal.air.kinds import BOOLEAN, NUMBER, TEXT, TIME
from shoal.air.schema import Schema
from shoal.air.vectors import mismatch

MOST_PROBLEMS = 20
JSON_TYPES = {NUMBER: (int, float, bool), BOOLEAN: (bool, int), TEXT: (str,), TIME: (str,)}


def problems(rows: Sequence[Any], schema: Schema) -> list[dict[str, Any]]:
    """What is wrong with the rows, an entry a field: ``loc`` (row and field) and ``msg``. The first twenty."""
    found: list[dict[str, Any]] = []
    for position, row in enumerate(rows):
        if not isinstance(row, dict):
            found.append({"loc": ["body", position], "msg": f"expected an object, got {type(row).__name__}"})
            continue
        for name, kind in schema.values.items():
            wrong = _wrong(row, name, kind, schema.lengths.get(name))
            if wrong:
                found.append({"loc": ["body", position, name], "msg": wrong})
        if len(found) >= MOST_PROBLEMS:
            break
    return found[:MOST_PROBLEMS]


def _wrong(row: dict[str, Any], name: str, kind: str, length: int | None) -> str:
    if name not in row:
        return "field is missing; a value that isn't known is null"
    value = row[name]
    if length is not None:
        return mismatch(value, length)
    if value is None or kind not in JSON_TYPES or isinstance(value, JSON_TYPES[kind]):
        return ""
    return f"expected {kind}, got {value!r}"


def json_schema(schema: Schema) -> dict[str, Any]:
    """The columns as JSON Schema, for one row."""
    fields = {name: _field(kind, schema.lengths.get(name)) for name, kind in schema.values.items()}
    return {"type": "object", "properties": fields, "required": list(fields)}


def _field(kind: str, length: int | None) -> dict[str, Any]:
    names = {NUMBER: "number", BOOLEAN: "boolean", TEXT: "string", TIME: "string"}
    if length is not None:
        return {"type": "array", "items": {"type": "number"}, "minItems": length, "maxItems": length}
    return {"type": [names[kind], "null"]} if kind in names else {}
