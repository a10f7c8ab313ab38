"""Nodes -> frozen types, driven by the types themselves; every finding at once.

Reads the annotations of msgspec Structs. Understood: str, int, float, bool, Any, Literal, ``X | None``,
``int | str``, ``tuple[X, ...]``, ``dict[str, X]``, Structs, unions of tagged Structs, Annotated with msgspec.Meta
bounds, and Quantity.
"""

import math
from typing import Any, TypeVar, cast

import msgspec

from shoal.findings import Finding, Path
from shoal.spec import complaints
from shoal.spec.node import Node
from shoal.spec.quantity import QuantityInvalid, parse_quantity
from shoal.spec.shapes import Shape, fields_of, required_of, shape_of

T = TypeVar("T")


class _Unusable:
    """Stands for a value that could not be read; its finding has been recorded."""


_UNUSABLE = _Unusable()


def decode(node: Node, type_: type[T], path: Path = ()) -> tuple[T | None, tuple[Finding, ...]]:
    """``node`` as a ``type_``, and everything wrong with it. Raises nothing for any node.

    A part that can't be read is left at its default, so that checks of the rest can go on: trust the value only when no
    finding is an error. None when a part without a default is missing or unreadable.
    path: where ``node`` stands in its document.
    """
    decoder = _Decoder()
    value = decoder.value(node, shape_of(type_), path)
    return (None if value is _UNUSABLE else cast("T", value)), tuple(decoder.findings)


class _Decoder:
    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def reject(self, finding: Finding) -> _Unusable:
        self.findings.append(finding)
        return _UNUSABLE

    def value(self, node: Node, shape: Shape, path: Path) -> Any:
        if shape.kind == "any":
            return node.plain()
        if node.is_null and shape.optional:
            return None
        if shape.kind == "struct":
            return self.struct(node, shape, path)
        if shape.kind == "tagged":
            return self.tagged(node, shape, path)
        if shape.kind == "dict":
            return self.mapping(node, shape, path)
        if shape.kind == "tuple":
            return self.sequence(node, shape, path)
        if node.kind != "scalar" or node.is_null:
            return self.reject(complaints.wrong_type(node, path, shape))
        return self.scalar(node, shape, path)

    def tagged(self, node: Node, shape: Shape, path: Path) -> Any:
        """One of several Structs, told apart by the word after their tag key."""
        members = {str(member.__struct_config__.tag): member for member in shape.of}
        tag_key = str(shape.of[0].__struct_config__.tag_field)
        if node.kind != "mapping":
            return self.reject(complaints.wrong_type(node, path, shape))
        tag = node.get(tag_key)
        if tag is None or tag.is_null:
            return self.reject(complaints.missing_key(node, path, tag_key, tuple(members)))
        if not isinstance(tag.value, str) or tag.value not in members:
            return self.reject(complaints.not_a_choice(tag, (*path, tag_key), tuple(members)))
        return self.struct(node, shape_of(members[tag.value]), path)

    def struct(self, node: Node, shape: Shape, path: Path) -> Any:
        if node.kind != "mapping":
            return self.reject(complaints.wrong_type(node, path, shape))
        struct = cast("type[msgspec.Struct]", shape.of)
        fields = fields_of(struct)
        values: dict[str, Any] = {}
        unknown: list[Node] = []
        for key, child in node.pairs:
            field = fields.get(key.key)
            if field is None and key.key == struct.__struct_config__.tag_field:
                continue
            if field is None:
                unknown.append(key)
                self.findings.append(complaints.unknown_key(key, path, fields, struct))
            elif not child.is_null or field.shape.kind == "any":
                value = self.value(child, field.shape, (*path, key.key))
                if value is not _UNUSABLE:
                    values[field.attribute] = value
        absent = [name for name, attribute in required_of(struct) if attribute not in values]
        if not absent:
            return struct(**values)
        meant = {complaints.nearest(key.key, fields) for key in unknown}
        self.findings += [
            complaints.missing_key(node, path, name) for name in absent if name not in meant and is_absent(node, name)
        ]
        return _UNUSABLE

    def mapping(self, node: Node, shape: Shape, path: Path) -> Any:
        if node.kind != "mapping":
            return self.reject(complaints.wrong_type(node, path, shape))
        inner = cast("Shape", shape.of)
        read = {
            key.key: self.value(child, inner, (*path, key.key))
            for key, child in node.pairs
            if self.is_given(child, inner)
        }
        return {key: value for key, value in read.items() if value is not _UNUSABLE}

    def is_given(self, child: Node, inner: Shape) -> bool:
        return not child.is_null or inner.optional or inner.kind == "any"

    def sequence(self, node: Node, shape: Shape, path: Path) -> Any:
        if node.kind != "sequence":
            return self.reject(complaints.wrong_type(node, path, shape))
        inner = cast("Shape", shape.of)
        read = [self.value(child, inner, (*path, index)) for index, child in enumerate(node.items)]
        return tuple(value for value in read if value is not _UNUSABLE)

    def scalar(self, node: Node, shape: Shape, path: Path) -> Any:
        value = node.value
        if shape.kind == "quantity":
            return self.quantity(node, path, shape)
        if shape.kind == "literal":
            choices = cast("tuple[str, ...]", shape.of)
            return value if value in choices else self.reject(complaints.not_a_choice(node, path, choices))
        if shape.kind == "float" and type(value) is int and abs(value) < 2**53:
            value = float(value)
        if type(value) not in _ACCEPTED[shape.kind] or (isinstance(value, float) and not math.isfinite(value)):
            return self.reject(complaints.wrong_type(node, path, shape))
        finding = complaints.out_of_bounds(node, path, shape)
        return value if finding is None else self.reject(finding)

    def quantity(self, node: Node, path: Path, shape: Shape) -> Any:
        if not isinstance(node.value, str | int | float) or isinstance(node.value, bool):
            return self.reject(complaints.wrong_type(node, path, shape))
        try:
            parse_quantity(node.value)
        except QuantityInvalid:
            return self.reject(complaints.invalid_quantity(node, path))
        return node.value


def is_absent(node: Node, key: str) -> bool:
    """Whether ``key`` is not given; null is not given, as in Kubernetes."""
    value = node.get(key)
    return value is None or value.is_null


_ACCEPTED: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float,),
    "bool": (bool,),
    "int_or_str": (int, str),
}
