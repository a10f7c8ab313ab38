"""Turns preprocessed rows into a table to learn from, or says which column stands in the way."""

from collections.abc import Iterable, Mapping
from typing import Any

from shoal.air.errors import ColumnUnfit, ColumnUnknown
from shoal.air.frameworks.base import Table
from shoal.air.kinds import BOOLEAN, NUMBER, OTHER, TEXT, floats, kind_of, kind_of_members
from shoal.air.names import refuse_twins
from shoal.air.vectors import lengths_of, spread

FEW_VALUES = 32_000_000
"""A copy of so many, which looking at all of them at once can take, is no burden."""


def table_of(
    frame: Any,
    label_column: str,
    *,
    name: str,
    numbers: bool,
    given: Any = None,
    whole: bool = True,
    first_row: int = 0,
    lengths: Mapping[str, int] | None = None,
) -> Table:
    """Features and label of a preprocessed frame.

    name: what the data set is called; "train" is held to more.
    numbers: whether the label has to be one.
    given: the labels before they were preprocessed, where they are at hand.
    lengths: those of the vectors in data set "train", where they are known.
    whole: whether these are all rows. Otherwise they are some from ``first_row`` on, and `AllAlike` looks at all.

    Raises:
        ColumnUnknown: there is no label.
        ColumnUnfit: a feature is no number or endless, a vector of another length, a label is missing.
    """
    if label_column not in frame.columns:
        raise ColumnUnknown(label_column, frame.columns, where=f"label of data set {name!r}")
    label = frame[label_column]
    where = f"data set {name!r}"
    if not whole:
        where += f", rows {first_row} to {first_row + len(frame) - 1} (row 0 is the first of these)"
    _check_label(label, given, numbers=numbers, where=f"column {label_column!r} of {where}")
    if whole and name == "train":
        everything = AllAlike(label_column)
        everything.look(frame)
        everything.refuse()
    frame = frame.drop(columns=[label_column])
    found = lengths_of(frame, where=where, expected=lengths)
    return Table(features_of(frame, found, where=where), label.to_numpy(), lengths=found)


def _check_label(label: Any, given: Any, *, numbers: bool, where: str) -> None:
    missing = label.isna()
    if missing.any():
        row = _first(missing)
        if given is not None and len(given) == len(label) and given.notna().iloc[row]:
            raise ColumnUnfit(
                f"it holds {given.iloc[row]!r} in row {row}, which is no label of data set 'train'", where=where
            )
        raise ColumnUnfit(
            f"{int(missing.sum())} of {len(label)} labels are missing, the first in row {row}",
            where=where,
            next_step="leave those rows out",
        )
    if not numbers:
        return
    if not _is_number(label):
        raise ColumnUnfit(
            f"the label holds {_kind(label, label.iloc[0])}, and this trainer predicts numbers",
            where=where,
            next_step="number its values, as with air.LabelEncoder in the preprocessor",
        )
    _check_ends(label, where=where, next_step="leave those rows out")


def features_of(frame: Any, lengths: Mapping[str, int], *, where: str) -> Any:
    """The frame with a column for each element of those that hold vectors, in their places.

    lengths: of the vectors, by `lengths_of`.

    Raises:
        ColumnUnfit: as `check_features` says, or a column is called as an element of a vector is.
    """
    import pandas as pd

    if _are_plain_numbers(frame):
        return frame
    columns = {name: frame[name] for name in frame.columns}
    parts = [spread(column) if name in lengths else _as_numbers(column) for name, column in columns.items()]
    features = pd.concat(parts, axis="columns") if parts else frame
    refuse_twins(features)
    check_features(features, where=where)
    return features


def _as_numbers(column: Any) -> Any:
    """Numbers, or booleans, with gaps or among categories, as floats, and gaps alone too; other columns as they are."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype) and kind_of_members(column.dtype) == BOOLEAN:
        column = column.astype(object)
    if column.dtype == object and (kind_of(column) in (NUMBER, BOOLEAN) or not column.notna().any()):
        return floats(column)
    return column


def _are_plain_numbers(frame: Any) -> bool:
    """Whether a frame holds nothing but numbers, none of them endless: seen at once, as a request can't wait."""
    import numpy as np

    types = set(frame.dtypes)
    if frame.size > FEW_VALUES or not all(isinstance(each, np.dtype) and each.kind in "biuf" for each in types):
        return False
    return not types or not np.isinf(frame.to_numpy(dtype=np.result_type(*types))).any()


class AllAlike:
    """Looks, batch by batch, for something to learn in data set "train"."""

    def __init__(self, label_column: str) -> None:
        self._label_column = label_column
        self._labels: set[Any] = set()
        self._hollow: list[Any] | None = None

    def look(self, frame: Any) -> None:
        """At a batch."""
        if len(self._labels) < 2:
            self._labels.update(frame[self._label_column].unique().tolist()[:2])
        among = frame.columns if self._hollow is None else self._hollow
        self._hollow = [name for name in among if frame[name].isna().all()]

    def refuse(self) -> None:
        """
        Raises:
            ColumnUnfit: every label is the same, or a column holds nothing at all.
        """
        if len(self._labels) == 1:
            raise ColumnUnfit(
                f"every label is {next(iter(self._labels))!r}: there is nothing to tell apart",
                where=f"column {self._label_column!r} of data set 'train'",
            )
        for name in self._hollow or ():
            raise _hollow(name)


def refuse_hollow(frame: Any, columns: Iterable[str]) -> None:
    """
    Raises:
        ColumnUnfit: one of these columns of data set "train" holds nothing at all.
    """
    for name in columns:
        if frame[name].isna().all():
            raise _hollow(name)


def _hollow(name: Any) -> ColumnUnfit:
    return ColumnUnfit(
        "it holds nothing at all",
        where=f"column {name!r} of data set 'train'",
        next_step="leave it out with drop_columns",
    )


def _is_number(column: Any) -> bool:
    from pandas.api import types

    return bool(types.is_numeric_dtype(column) or types.is_bool_dtype(column))


def check_features(features: Any, *, where: str) -> None:
    """
    Raises:
        ColumnUnfit: a column holds text or other things that are no numbers, or an infinity.
    """
    import pandas as pd

    for name in features.columns:
        column = features[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            _check_categories(column, where=f"column {name!r} of {where}")
            continue
        if not _is_number(column):
            _refuse_odd_one(column, where=f"column {name!r} of {where}")
            shown = column.dropna().iloc[0] if column.notna().any() else None
            raise ColumnUnfit(
                f"it holds {_kind(column, shown)}, and models learn from numbers",
                where=f"column {name!r} of {where}",
                next_step="encode it, as with air.OneHotEncoder, or leave it out with drop_columns",
            )
        _check_ends(column, where=f"column {name!r} of {where}", next_step="replace infinities, as by missing values")


def _check_categories(column: Any, *, where: str) -> None:
    categories = column.cat.categories
    if len(categories) and kind_of_members(column.dtype) not in (NUMBER, TEXT):
        raise ColumnUnfit(
            f"it holds categories such as {categories[0]!r}, and models learn from those of words and numbers",
            where=where,
            next_step="name them by words, as with pandas.cut(..., labels=[...])",
        )


def _refuse_odd_one(column: Any, *, where: str) -> None:
    """
    Raises:
        ColumnUnfit: it would be a column of numbers, were it not for some words.
    """
    import pandas as pd

    if kind_of(column) != TEXT:
        return
    numbers = pd.to_numeric(column, errors="coerce").notna()
    odd = column.notna() & ~numbers
    if numbers.any() and odd.any():
        row = _first(odd)
        raise ColumnUnfit(
            f"it holds {column.iloc[row]!r} in row {row}, and {int(numbers.sum())} numbers, all of it as text",
            where=where,
            next_step="make numbers and missing values of it, encode it, or leave it out with drop_columns",
        )


def _check_ends(column: Any, *, where: str, next_step: str) -> None:
    import numpy as np
    from pandas.api import types

    if not types.is_float_dtype(column):
        return
    endless = np.isinf(column.to_numpy(dtype=float, na_value=float("nan")))
    if endless.any():
        raise ColumnUnfit(f"it is infinite in row {_first(endless)}", where=where, next_step=next_step)


def _kind(column: Any, shown: Any) -> str:
    found = kind_of(column)
    return "nothing at all" if shown is None else f"{column.dtype if found == OTHER else found} such as {shown!r}"


def _first(mask: Any) -> int:
    """The first row, counted from 0, that a mask names."""
    import numpy as np

    return int(np.flatnonzero(np.asarray(mask))[0])
