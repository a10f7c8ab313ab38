"""What a type annotation asks of a node, worked out once a type."""

from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import msgspec

from shoal.spec.quantity import QuantityForm

ShapeKind: TypeAlias = Literal[
    "any", "str", "int", "float", "bool", "int_or_str", "quantity", "literal", "struct", "tagged", "dict", "tuple"
]


class Shape(msgspec.Struct, frozen=True):
    """of: a Struct's class, a Literal's choices, the Structs of a union, or the shape of what a collection holds.

    lowest, highest: bounds of a number. shortest: of a string.
    """

    kind: ShapeKind
    of: Any = None
    optional: bool = False
    lowest: int | float | None = None
    highest: int | float | None = None
    shortest: int = 0


class Field(msgspec.Struct, frozen=True):
    """One key of a mapping, and the attribute it becomes."""

    attribute: str
    shape: Shape
    required: bool


_SCALARS: dict[object, ShapeKind] = {str: "str", int: "int", float: "float", bool: "bool", Any: "any"}


@cache
def fields_of(struct: type[msgspec.Struct]) -> dict[str, Field]:
    """The keys a Struct accepts, by their name on the wire."""
    return {
        field.encode_name: Field(field.name, shape_of(field.type), field.required)
        for field in msgspec.structs.fields(struct)
    }


@cache
def required_of(struct: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """Of the keys that a Struct can't do without: the name on the wire, and the attribute it becomes."""
    return tuple((name, field.attribute) for name, field in fields_of(struct).items() if field.required)


def shape_of(annotation: Any) -> Shape:
    """The shape of a type annotation. Raises TypeError for one that is not understood."""
    if annotation in _SCALARS:
        return Shape(_SCALARS[annotation])
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bounded(arguments[0], arguments[1:])
    if origin is Literal:
        return Shape("literal", arguments)
    if origin in (Union, UnionType):
        return _union(arguments)
    if origin is tuple:
        return Shape("tuple", shape_of(arguments[0]))
    if origin is dict:
        return Shape("dict", shape_of(arguments[1]))
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return Shape("struct", annotation)
    raise TypeError(f"no rule to read {annotation!r}")


def _union(members: tuple[Any, ...]) -> Shape:
    kept = [member for member in members if member is not NoneType]
    if set(kept) == {int, str}:
        return Shape("int_or_str", optional=len(kept) < len(members))
    if len(kept) > 1 and all(isinstance(member, type) and issubclass(member, msgspec.Struct) for member in kept):
        return Shape("tagged", tuple(kept), optional=len(kept) < len(members))
    if len(kept) != 1:
        raise TypeError(f"no rule to read a union of {members!r}")
    return msgspec.structs.replace(shape_of(kept[0]), optional=True)


def _bounded(annotation: Any, marks: tuple[Any, ...]) -> Shape:
    if QuantityForm in marks:
        return Shape("quantity")
    shape = shape_of(annotation)
    for mark in marks:
        if isinstance(mark, msgspec.Meta):
            shape = msgspec.structs.replace(shape, lowest=mark.ge, highest=mark.le, shortest=mark.min_length or 0)
    return shape
