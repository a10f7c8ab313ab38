"""Turns preprocessed rows into a table to learn from, or says which column stands in the way."""

from typing import Any

from shoal.air.errors import ColumnUnfit, ColumnUnknown, DatasetEmpty
from shoal.air.frameworks.base import Table


def table_of(frame: Any, label_column: str, *, name: str) -> Table:
    """Features and label of a preprocessed frame. ``name``: what the data set is called, for errors.

    Raises:
        ColumnUnknown: there is no label.
        ColumnUnfit: a feature is no number or endless, a label is missing.
        DatasetEmpty: there is no row.
    """
    if label_column not in frame.columns:
        raise ColumnUnknown(label_column, frame.columns, where=f"label of data set {name!r}")
    if len(frame) == 0:
        raise DatasetEmpty("there is no row", where=f"data set {name!r}")
    label = frame[label_column]
    missing = label.isna()
    if missing.any():
        raise ColumnUnfit(
            f"{int(missing.sum())} of {len(label)} labels are missing, the first in row {_first(missing)}",
            where=f"column {label_column!r} of data set {name!r}",
            next_step="leave those rows out",
        )
    features = features_of(frame.drop(columns=[label_column]), where=f"data set {name!r}")
    return Table(features, label.to_numpy())


def features_of(frame: Any, *, where: str) -> Any:
    """The frame with a column for each element of those that hold vectors, as OneHotEncoder and Concatenator make them.

    ``colour`` of three elements becomes ``colour_0``, ``colour_1``, ``colour_2``, in its place.

    Raises:
        ColumnUnfit: as `check_features` says, or vectors of several lengths under one name.
    """
    import numpy as np
    import pandas as pd

    parts = []
    for name in frame.columns:
        column = frame[name]
        if not (column.dtype == object and len(column) and isinstance(column.iloc[0], np.ndarray | list | tuple)):
            parts.append(column)
            continue
        if len({len(vector) for vector in column}) > 1:
            raise ColumnUnfit("its vectors have several lengths", where=f"column {name!r} of {where}")
        elements = np.stack(column.to_numpy())
        names = [f"{name}_{position}" for position in range(elements.shape[1])]
        parts.append(pd.DataFrame(elements, columns=names, index=frame.index))
    spread = pd.concat(parts, axis="columns") if parts else frame
    check_features(spread, where=where)
    return spread


def check_features(features: Any, *, where: str) -> None:
    """
    Raises:
        ColumnUnfit: a column holds text or other things that are no numbers, or an infinity.
    """
    import numpy as np
    import pandas as pd
    from pandas.api import types

    for name in features.columns:
        column = features[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            continue
        if not (types.is_numeric_dtype(column) or types.is_bool_dtype(column)):
            shown = column.dropna().iloc[0] if column.notna().any() else None
            raise ColumnUnfit(
                f"it holds {_kind(column, shown)}, and models learn from numbers",
                where=f"column {name!r} of {where}",
                next_step="encode it, as with air.OneHotEncoder, or leave it out with drop_columns",
            )
        if types.is_float_dtype(column):
            endless = np.isinf(column.to_numpy(dtype=float, na_value=float("nan")))
            if endless.any():
                raise ColumnUnfit(
                    f"it is infinite in row {_first(endless)}",
                    where=f"column {name!r} of {where}",
                    next_step="replace infinities, as by missing values",
                )


def _kind(column: Any, shown: Any) -> str:
    return "nothing at all" if shown is None else f"{column.dtype} such as {shown!r}"


def _first(mask: Any) -> int:
    """The first row, counted from 0, that a mask names."""
    import numpy as np

    return int(np.flatnonzero(np.asarray(mask))[0])
