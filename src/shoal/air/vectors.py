"""Columns of vectors, as OneHotEncoder and Concatenator make them: models see a column for each element."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from shoal.air.errors import ColumnUnfit
from shoal.air.kinds import kind_of_type


def lengths_of(frame: Any, *, where: str, expected: Mapping[str, int] | None = None) -> dict[str, int]:
    """The columns of vectors, and how many elements each of their vectors has: those of the first row, or as expected.

    Raises:
        ColumnUnfit: a vector is longer or shorter than that, or is none.
    """
    if expected is None:
        others = [name for name, held in frame.dtypes.items() if len(frame) and not kind_of_type(held)]
        firsts = {name: frame[name].iloc[0] for name in others}
        lengths = {name: len(first) for name, first in firsts.items() if is_vector(first)}
    else:
        lengths = {name: length for name, length in expected.items() if name in frame.columns}
    for name, length in lengths.items():
        for row, value in enumerate(frame[name]):
            if wrong := mismatch(value, length):
                raise ColumnUnfit(f"{wrong} in row {row}", where=f"column {name!r} of {where}")
    return lengths


def is_vector(value: Any) -> bool:
    """Whether a value of a table is one."""
    return isinstance(value, np.ndarray | list | tuple)


def mismatch(value: Any, length: int) -> str:
    """What is wrong with a value where a vector of so many elements is expected; "" where nothing is."""
    if not is_vector(value):
        return f"expected a vector of {length}, got {value!r}"
    return "" if len(value) == length else f"expected a vector of {length}, got one of {len(value)}"


def spread(column: Any) -> Any:
    """A column of vectors as a table: ``colour`` of three elements becomes ``colour_0``, ``colour_1``, ``colour_2``."""
    import pandas as pd

    elements = np.stack(column.to_numpy())
    if elements.dtype == object:
        with suppress(ValueError, TypeError):  # what is no number is told by who looks at the columns
            elements = elements.astype(float)
    names = [f"{column.name}_{position}" for position in range(elements.shape[1])]
    return pd.DataFrame(elements, columns=names, index=column.index)
