"""Columns of numbers and of times in the types that they had in training, so that functions of yours see the same."""

from collections.abc import Sequence
from typing import Any

from shoal.air.errors import ColumnUnfit
from shoal.air.kinds import floats

ZONED = r"(?:[Zz]|:.*[+-]\d\d(?::?\d\d)?)$"
"""How times in words end that tell their zone."""
SHORT_FLOATS = ("float16", "float32")


def is_other(found: Any, held: str | None, *, whole: bool) -> bool:
    """Whether numbers of the type ``found`` are to have another one: see `as_number`. A request can't wait for more."""
    if found.kind == "O":
        return True
    if held is None or found == held:
        return False
    return held.startswith("float") or whole or any(found == short for short in SHORT_FLOATS)


def as_number(column: Any, held: str | None, *, whole: bool) -> Any:
    """Numbers, or booleans, in the type that numbers were ``held`` in; None: it isn't known.

    whole: those that were whole are so again, where all of them are. Otherwise they are floats, or what they are.

    Raises:
        ColumnUnfit: one is larger than any float.
    """
    if column.dtype.kind == "O":
        column = floats(column)
    if held is None or held.startswith("float"):
        return column.astype(held or float)
    cast = _whole(column, held) if whole else None
    if cast is not None:
        return cast
    return column.astype(float) if column.dtype.kind == "f" else column


def _whole(column: Any, held: str) -> Any:
    """The same numbers as whole ones of a type; None where one is none, or too large."""
    import numpy as np

    values = column.to_numpy()
    with np.errstate(invalid="ignore"):
        cast = values.astype(held)
    return column.astype(held) if (cast == values).all() else None


def whole_numbers(rows: Sequence[Any], name: str, held: str) -> Any:
    """A field of JSON rows as an array of whole numbers of the type ``held``; None where one is none, or too large.

    Of the rows, as a column beside fractions holds floats already, which have not the digits of all whole numbers.
    """
    import numpy as np

    values: list[Any] = [row.get(name) if isinstance(row, dict) else None for row in rows]
    if not all(isinstance(value, int) or (isinstance(value, float) and value.is_integer()) for value in values):
        return None
    try:
        return np.array([int(value) for value in values], dtype=held)
    except OverflowError:
        return None


def as_time(column: Any, held: str | None) -> Any:
    """Times in the unit, and in the zone, that they were ``held`` in; None: it isn't known.

    Raises:
        ColumnUnfit: they have a zone, and had none, or the other way round.
    """
    import pandas as pd

    if held is None or str(column.dtype) == held or not pd.api.types.is_datetime64_any_dtype(column):
        return column
    zone = getattr(pd.api.types.pandas_dtype(held), "tz", None)
    if (column.dt.tz is None) != (zone is None):
        here, there = ("without", "with") if zone else ("with", "without")
        raise ColumnUnfit(f"it holds times {here} a zone, and held ones {there} one in training", where=_where(column))
    return (column.dt.tz_convert(zone) if zone else column).astype(held)


def read_times(column: Any, held: str | None) -> Any:
    """Times as JSON has them, in words.

    Raises:
        ColumnUnfit: one is none, or tells its zone where they were ``held`` without, or the other way round.
    """
    import pandas as pd

    words = column.map(lambda value: isinstance(value, str))
    zoned = words & column.astype(str).str.contains(ZONED)
    zone = bool(zoned.any()) if held is None else "," in held
    try:
        times = pd.to_datetime(column, format="ISO8601", errors="coerce", utc=zone)
    except ValueError as error:
        raise ColumnUnfit(str(error).rstrip("."), where=_where(column)) from error
    _refuse(times.isna() & column.notna(), column, "is no time", "2026-01-31T12:00:00")
    if held is not None:
        wrong = words & (zoned != zone)
        said = "tells no zone, and those of training did" if zone else "tells its zone, and those of training did not"
        _refuse(wrong, column, said, "2026-01-31T12:00:00" + ("+00:00" if zone else ""))
    return times


def _refuse(wrong: Any, column: Any, said: str, example: str) -> None:
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise ColumnUnfit(
            f"it holds {column.iloc[row]!r} in row {row}, which {said}",
            where=_where(column),
            next_step=f"write it as {example}",
        )


def _where(column: Any) -> str:
    return f"column {column.name!r}"
