"""The protobuf wire format, as little as is needed to read and write messages of known field numbers.

Ray's generated classes would need ``import ray``, which costs more than the question that is asked with them.
"""

import struct
from collections.abc import Mapping
from typing import TypeAlias

Fields: TypeAlias = dict[int, list[int | bytes]]
"""Field number to every value it has, in order. A varint is an int; everything else is its bytes."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def decode(data: bytes) -> Fields:
    """The fields of one message. Raises ValueError when ``data`` is not one."""
    fields: Fields = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value: int | bytes
        if key & 7 == _VARINT:
            value, at = _varint(data, at)
        else:
            size, at = _size(key & 7, data, at)
            if at + size > len(data):
                raise ValueError(f"field {key >> 3} ends beyond the message")
            value, at = data[at : at + size], at + size
        fields.setdefault(key >> 3, []).append(value)
    return fields


def encode(fields: Mapping[int, int | bytes | str]) -> bytes:
    """A message of singular fields: unsigned and enum as int, strings and bytes. What is 0 or empty is left out."""
    parts = []
    for number, value in fields.items():
        if isinstance(value, int):
            parts += [_as_varint(number << 3 | _VARINT), _as_varint(value)] if value else []
        elif value:
            data = value.encode() if isinstance(value, str) else value
            parts += [_as_varint(number << 3 | _LENGTH), _as_varint(len(data)), data]
    return b"".join(parts)


def messages(fields: Fields, number: int) -> list[bytes]:
    """Every value of a repeated field of messages, strings or bytes."""
    return [value for value in fields.get(number, []) if isinstance(value, bytes)]


def raw(fields: Fields, number: int) -> bytes:
    """A singular bytes field, empty when absent; the last one counts, as the format says."""
    return messages(fields, number)[-1] if messages(fields, number) else b""


def text(fields: Fields, number: int) -> str:
    """A singular string field, "" when absent."""
    return raw(fields, number).decode(errors="replace")


def integer(fields: Fields, number: int) -> int:
    """A singular unsigned, enum or bool field, 0 when absent."""
    return next((value for value in reversed(fields.get(number, [])) if isinstance(value, int)), 0)


def double(fields: Fields, number: int) -> float:
    """A singular double field, 0.0 when absent. Raises ValueError when it has another size."""
    value = raw(fields, number) or bytes(8)
    if len(value) != 8:
        raise ValueError(f"field {number} is not a double")
    return float(struct.unpack("<d", value)[0])


def _size(wire_type: int, data: bytes, at: int) -> tuple[int, int]:
    if wire_type == _LENGTH:
        return _varint(data, at)
    if wire_type in (_FIXED64, _FIXED32):
        return (8 if wire_type == _FIXED64 else 4), at
    raise ValueError(f"wire type {wire_type} is not in use")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("a varint does not end")


def _as_varint(value: int) -> bytes:
    septets = bytearray()
    while value > 0x7F:
        septets.append(value & 0x7F | 0x80)
        value >>= 7
    septets.append(value)
    return bytes(septets)
