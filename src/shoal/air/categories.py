"""Columns of pandas' categories: as a model learned them, of JSON, of text and of other categories."""

from typing import Any

from shoal.air.errors import ColumnUnfit
from shoal.air.kinds import CATEGORY, NUMBER, OTHER, fits, floats, kind_of, kind_of_members, mismatch


def as_learned(column: Any, kind: str, learned: Any) -> Any:
    """The column with the categories that a model ``learned``, in their order, or with their values alone.

    A value that is none of them is a missing one, as OrdinalEncoder and Categorizer have it.
    kind: what it held in training. learned: its type then; None where all of its categories are not known.

    Raises:
        ColumnUnfit: its values are of another kind than the categories.
    """
    import pandas as pd

    of_categories = isinstance(column.dtype, pd.CategoricalDtype)
    found = kind_of_members(column.dtype) if of_categories else kind_of(column)
    wanted = kind if kind != CATEGORY else OTHER if learned is None else kind_of_members(learned)
    if found != wanted and wanted != OTHER and not fits(column, found, wanted):
        raise ColumnUnfit(mismatch(column, found, wanted), where=f"column {column.name!r}")
    if kind != CATEGORY:
        return column if kind == OTHER else floats(column) if kind == NUMBER else column.astype(object)
    if learned is None:
        return column if of_categories else column.astype("category")
    if of_categories:
        return column.cat.set_categories(learned.categories, ordered=learned.ordered)
    codes = learned.categories.get_indexer(pd.Index(column))
    return pd.Series(pd.Categorical.from_codes(codes, dtype=learned), index=column.index, name=column.name)
