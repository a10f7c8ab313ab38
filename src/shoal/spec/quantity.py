"""Kubernetes quantities, exactly: "500m" CPUs, "1.5Gi" bytes, "1e3"."""

import re
from decimal import ROUND_CEILING, Context, Decimal
from typing import Annotated, TypeAlias


class QuantityInvalid(ValueError):
    """The text is no Kubernetes quantity."""


class QuantityForm:
    """Marks a type of a spec as a quantity."""


Quantity: TypeAlias = Annotated[str | int | float, QuantityForm]
"""As written, checked by ``parse_quantity``: "500m", "2Gi", 1, 0.5."""

SUFFIXES: dict[str, Decimal] = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}
_FORM = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eE]([+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i)?)")
_EXACT = Context(prec=200)
_LONGEST = 64
_LARGEST_EXPONENT = 40


def parse_quantity(text: str | int | float) -> Decimal:
    """The number a quantity stands for, without rounding. Raises QuantityInvalid."""
    written = str(text)
    found = _FORM.fullmatch(written) if len(written) <= _LONGEST and not isinstance(text, bool) else None
    if found is None:
        raise QuantityInvalid(f"{written[:_LONGEST]!r} is no quantity")
    number, exponent, suffix = found.groups()
    if exponent is None:
        return _EXACT.multiply(Decimal(number), SUFFIXES[suffix or ""])
    if abs(int(exponent)) > _LARGEST_EXPONENT:
        raise QuantityInvalid(f"{written!r} has an exponent beyond {_LARGEST_EXPONENT}")
    return _EXACT.scaleb(Decimal(number), int(exponent))


def cpu_cores(text: str | int | float) -> float:
    """CPUs, as 0.5 for "500m". Raises QuantityInvalid."""
    return float(parse_quantity(text))


def bytes_of(text: str | int | float) -> int:
    """Whole bytes, rounded up. Raises QuantityInvalid."""
    return int(parse_quantity(text).to_integral_value(rounding=ROUND_CEILING))
