"""Types -> structural OpenAPI v3 schemas, as a CustomResourceDefinition holds them."""

from typing import Any, TypeAlias

import msgspec

from shoal.crds.markers import ATOMIC, ATOMIC_FIELDS, DEFAULTS, LIST_KEYS, OPEN
from shoal.crds.rules import FEWEST, LONGEST, MOST, RULES
from shoal.crds.words import POD_WORDS, WORDS
from shoal.spec.kubernetes.meta import ObjectMeta
from shoal.spec.kubernetes.pod import PodTemplateSpec
from shoal.spec.shapes import Field, Shape, fields_of

Schema: TypeAlias = dict[str, Any]

PRESERVE = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING = "x-kubernetes-int-or-string"
QUANTITY = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9.]+)?$"
_INT32 = (-(2**31), 2**31 - 1)
_EMBEDDED = ("name", "namespace", "labels", "annotations", "finalizers")
_SCALARS = {"str": "string", "literal": "string", "int": "integer", "float": "number", "bool": "boolean"}


def object_schema(struct: type[msgspec.Struct], *, in_pod: bool = False) -> Schema:
    """The schema of a Struct. What it doesn't know is kept.

    in_pod: inside a pod template, where only types are said: Kubernetes itself judges pods, and by newer rules.
    """
    inside = in_pod or struct is PodTemplateSpec
    known = fields_of(struct)
    shown = OPEN.get(struct, _EMBEDDED if struct is ObjectMeta else tuple(known))
    properties = {name: field_schema(struct, name, known[name], in_pod=inside) for name in shown}
    schema: Schema = {"type": "object"} | ({"properties": properties} if properties else {}) | {PRESERVE: True}
    required = [name for name in shown if known[name].required and (struct, name) not in DEFAULTS]
    return (
        schema
        | ({"required": required} if required else {})
        | ({"x-kubernetes-map-type": "atomic"} if struct in ATOMIC else {})
        | rules_of(struct, "")
    )


def field_schema(struct: type[msgspec.Struct], name: str, field: Field, *, in_pod: bool) -> Schema:
    """The schema of one field: its words, its type, and what the markers and rules add."""
    place = (struct, name)
    words = (POD_WORDS if in_pod else WORDS).get(struct, {}).get(name, "")
    judged = not in_pod and not struct.__module__.startswith("shoal.spec.kubernetes.")
    return (
        ({"description": words} if words else {})
        | shape_schema(field.shape, in_pod=in_pod, judged=judged)
        | ({"default": DEFAULTS[place]} if place in DEFAULTS else {})
        | ({"maxLength": LONGEST[place]} if place in LONGEST else {})
        | ({"minItems": FEWEST[place]} if place in FEWEST else {})
        | ({"maxItems": MOST[place]} if place in MOST else {})
        | _merging(place)
        | rules_of(struct, name)
    )


def rules_of(struct: type[msgspec.Struct], name: str) -> Schema:
    """The CEL rules on a field, or with name "" on the object."""
    rules = RULES.get((struct, name), ())
    return {"x-kubernetes-validations": [msgspec.to_builtins(rule) for rule in rules]} if rules else {}


def shape_schema(shape: Shape, *, in_pod: bool, judged: bool) -> Schema:
    """The schema of a shape. judged: with bounds and choices, not the bare type."""
    if shape.kind == "struct":
        return object_schema(shape.of, in_pod=in_pod)
    if shape.kind == "tuple":
        return {"type": "array", "items": shape_schema(shape.of, in_pod=in_pod, judged=judged)}
    if shape.kind == "dict":
        return {"type": "object", "additionalProperties": shape_schema(shape.of, in_pod=in_pod, judged=judged)}
    if shape.kind == "any":
        return {PRESERVE: True}
    if shape.kind in ("quantity", "int_or_str"):
        return {INT_OR_STRING: True} | ({"pattern": QUANTITY} if shape.kind == "quantity" and not in_pod else {})
    bare: Schema = {"type": _SCALARS[shape.kind]}
    return bare | (_bounds(shape) if judged else {})


def _bounds(shape: Shape) -> Schema:
    if shape.kind == "literal":
        return {"enum": list(shape.of)}
    if shape.kind == "str":
        return {"minLength": shape.shortest} if shape.shortest else {}
    if shape.kind != "int" or shape.lowest is None or shape.highest is None:
        return {}
    lowest, highest = _INT32
    if not (lowest <= shape.lowest and shape.highest <= highest):
        return {"format": "int64"}
    return (
        {"format": "int32"}
        | ({"minimum": shape.lowest} if shape.lowest > lowest else {})
        | ({"maximum": shape.highest} if shape.highest < highest else {})
    )


def _merging(place: tuple[type[msgspec.Struct], str]) -> Schema:
    if place in LIST_KEYS:
        return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(LIST_KEYS[place])}
    return {"x-kubernetes-map-type": "atomic"} if place in ATOMIC_FIELDS else {}
