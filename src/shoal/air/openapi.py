"""What a served model takes and gives, as OpenAPI says it, and as a page for people that needs no other server."""

from html import escape
from typing import Any

from shoal.air.checkpoint import Checkpoint
from shoal.air.rows import json_schema


def document(checkpoint: Checkpoint, route: str, *, secured: bool) -> dict[str, Any]:
    """The OpenAPI document of the model at ``route``."""
    row = {"$ref": "#/components/schemas/Row"}
    rows = {"type": "array", "items": row, "minItems": 1}
    wrapped = {"type": "object", "properties": {"rows": rows}, "required": ["rows"]}
    answers = {"200": _answer("the predictions", "Predictions"), "422": _answer("what does not fit", "Problems")}
    post = {
        "summary": f"Predict {checkpoint.label_column}",
        "requestBody": {"required": True, "content": _json({"oneOf": [row, rows, wrapped]})},
        "responses": answers | ({"401": {"description": "the token is missing or wrong"}} if secured else {}),
    }
    health = {"summary": "Whether it answers", "responses": {"200": {"description": "it does"}}, "security": []}
    bearer = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}} if secured else {}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{checkpoint.label_column} by {checkpoint.framework.name}", "version": "1"},
        "paths": {route or "/": {"post": post}, f"{route}/health": {"get": health}},
        "components": {"schemas": _schemas(checkpoint), **bearer},
        **({"security": [{"token": []}]} if secured else {}),
    }


def page(checkpoint: Checkpoint, route: str) -> str:
    """The same for people: an HTML page."""
    fields = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(kind)}</td></tr>" for name, kind in checkpoint.schema.kinds.items()
    )
    label, place = escape(checkpoint.label_column), escape(route or "/")
    return (
        f"<!doctype html><meta charset=utf-8><title>{label}</title><h1>{label}</h1>"
        f"<p>POST a row as a JSON object, a list of rows, or <code>{{&quot;rows&quot;: [...]}}</code> to "
        f"<code>{place}</code>. The answer is <code>{{&quot;predictions&quot;: [...]}}</code>; a row that does not fit "
        f"gets 422, with its number and the field. A value that is not known is null.</p>"
        f"<table><tr><th>field<th>holds</tr>{fields}</table>"
        f"<p><a href={place}/openapi.json>openapi.json</a>, <a href={place}/health>health</a></p>"
    )


def _schemas(checkpoint: Checkpoint) -> dict[str, Any]:
    one = {"oneOf": [{"type": "number"}, {"type": "string"}, {"type": "array", "items": {"type": "number"}}]}
    predictions = {"type": "object", "properties": {"predictions": {"type": "array", "items": one}}}
    place = {"type": "array", "items": {"type": ["string", "integer"]}}
    problem = {"type": "object", "properties": {"loc": place, "msg": {"type": "string"}}}
    problems = {"type": "object", "properties": {"detail": {"type": "array", "items": problem}}}
    return {"Row": json_schema(checkpoint.schema), "Predictions": predictions, "Problems": problems}


def _answer(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": _json({"$ref": f"#/components/schemas/{schema}"})}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
