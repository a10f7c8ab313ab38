"""Rows of JSON, held against the columns that a model was trained on: what fits no column is told by row and field."""

from collections.abc import Sequence
from typing import Any

from shoal.air.schema import BOOLEAN, NUMBER, TEXT, TIME, Schema

MOST_PROBLEMS = 20
JSON_TYPES = {NUMBER: (int, float, bool), BOOLEAN: (bool, int), TEXT: (str,), TIME: (str,)}


def problems(rows: Sequence[Any], schema: Schema) -> list[dict[str, Any]]:
    """What is wrong with the rows, an entry a field: ``loc`` (row and field) and ``msg``. The first twenty."""
    found: list[dict[str, Any]] = []
    for position, row in enumerate(rows):
        if not isinstance(row, dict):
            found.append({"loc": ["body", position], "msg": f"expected an object, got {type(row).__name__}"})
            continue
        for name, kind in schema.kinds.items():
            wrong = _wrong(row, name, kind)
            if wrong:
                found.append({"loc": ["body", position, name], "msg": wrong})
        if len(found) >= MOST_PROBLEMS:
            break
    return found[:MOST_PROBLEMS]


def _wrong(row: dict[str, Any], name: str, kind: str) -> str:
    if name not in row:
        return "field is missing; a value that isn't known is null"
    value = row[name]
    if value is None or kind not in JSON_TYPES or isinstance(value, JSON_TYPES[kind]):
        return ""
    return f"expected {kind}, got {value!r}"


def json_schema(schema: Schema) -> dict[str, Any]:
    """The columns as JSON Schema, for one row."""
    names = {NUMBER: "number", BOOLEAN: "boolean", TEXT: "string", TIME: "string"}
    fields = {name: {"type": [names[kind], "null"]} if kind in names else {} for name, kind in schema.kinds.items()}
    return {"type": "object", "properties": fields, "required": list(fields)}
