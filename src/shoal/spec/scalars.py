"""What a plain YAML scalar means: the YAML 1.1 rules as the Kubernetes API machinery applies them.

They differ from PyYAML's own: ``1e3`` is a number, ``12:30`` and dates are strings, ``y`` and ``n`` are booleans.
"""

import re
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_NUMERIC_START = frozenset("+-.0123456789")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = (16, 2, 8, 10)
_LONGEST_NUMBER = 64  # Kubernetes has 64-bit numbers; longer digit strings are read as text

_CORE = "tag:yaml.org,2002:"
KNOWN_TAGS = frozenset(_CORE + name for name in ("str", "int", "float", "bool", "null", "map", "seq")) | {"!"}


def resolve(text: str, *, plain: bool, tag: str | None) -> Scalar:
    """The Python value of a scalar: what its tag says, else by its look when plain, else the text itself."""
    if tag in (None, "!"):
        return resolve_plain(text) if plain and tag is None else text
    if tag == _CORE + "str":
        return text
    value = resolve_plain(text)
    if tag == _CORE + "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def resolve_plain(text: str) -> Scalar:
    """The Python value of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC_START or len(text) > _LONGEST_NUMBER:
        return text
    digits = text.replace("_", "")
    if found := _INTEGER.fullmatch(digits):
        for base, body in zip(_BASES, found.groups()[1:], strict=True):
            if body is not None:
                return int(found[1] + body, base)
    if _FLOAT.fullmatch(digits):
        return float(digits)
    return text
