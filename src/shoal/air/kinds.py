"""What a column of pandas' holds, in a word."""

from typing import Any

from shoal.air.errors import ColumnUnfit

NUMBER, BOOLEAN, TEXT, TIME, CATEGORY, OTHER = "number", "boolean", "text", "time", "category", "other"
KINDS_OF_NUMPY = {"b": BOOLEAN, "i": NUMBER, "u": NUMBER, "f": NUMBER, "M": TIME}


def kind_of(column: Any) -> str:
    """What a pandas Series holds."""
    import pandas as pd
    from pandas.api import types

    if isinstance(column.dtype, pd.CategoricalDtype):
        return CATEGORY if kind_of_members(column.dtype) in (NUMBER, BOOLEAN, TEXT) else OTHER
    if told := kind_of_type(column.dtype):
        return told
    if types.is_bool_dtype(column):
        return BOOLEAN
    if types.is_numeric_dtype(column):
        return NUMBER
    if types.is_datetime64_any_dtype(column):
        return TIME
    inferred = types.infer_dtype(column, skipna=True)
    return {"string": TEXT, "boolean": BOOLEAN, "integer": NUMBER, "floating": NUMBER}.get(str(inferred), OTHER)


def kind_of_members(categories: Any) -> str:
    """What the categories of pandas' type are themselves."""
    return kind_of(categories.categories.to_series())


def kind_of_type(dtype: Any) -> str:
    """What columns of a type of NumPy's hold; "" where their values have to be looked at."""
    import numpy as np

    return KINDS_OF_NUMPY.get(dtype.kind, "") if isinstance(dtype, np.dtype) else ""


def fits(column: Any, found: str, kind: str) -> bool:
    """Whether one kind may stand for the other: booleans are numbers, and missing values alone are anything."""
    return {found, kind} == {NUMBER, BOOLEAN} or not column.notna().any()


def mismatch(column: Any, found: str, kind: str) -> str:
    """What is wrong with a column that holds something else than it did."""
    row = int(column.notna().to_numpy().argmax())
    return f"it holds {found} ({plain(column.iloc[row])!r} in row {row}), and held {kind} in training"


def plain(value: Any) -> Any:
    """A number of NumPy's as Python's, which shows itself shorter."""
    return value.item() if hasattr(value, "item") else value


def floats(column: Any) -> Any:
    """Numbers, or booleans, that pandas holds as objects, as it does where some are missing.

    Raises:
        ColumnUnfit: one is larger than any float.
    """
    try:
        return column.astype(float)
    except OverflowError as error:
        raise ColumnUnfit("it holds a number that is too large", where=f"column {column.name!r}") from error
