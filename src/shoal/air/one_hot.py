"""Ray's OneHotEncoder, for columns with gaps and of pandas' categories too: what is missing is of no category."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ray.data.preprocessors import OneHotEncoder as RayOneHotEncoder

from shoal.air.progress import say


class OneHotEncoder(RayOneHotEncoder):  # type: ignore[misc]
    """A column a category: 1 in rows that are of it, 0 in all others. Ray's own, with its arguments.

    Rows where the value is missing, or one that training never saw, have 0 in all of them.
    """

    def _fit(self, dataset: Any) -> "OneHotEncoder":
        fitted: OneHotEncoder = super()._fit(_Counted(dataset))
        return fitted

    def _transform_arrow(self, table: Any) -> Any:
        filled, gaps = table, {}
        for name, output in zip(self.columns, self.output_columns, strict=True):
            column = _values(table.column(name))
            missing = column.is_null(nan_is_null=True)
            if missing.to_numpy().any():
                column = _filled(column, missing, next(iter(self.stats_[f"unique_values({name})"]), ""))
                gaps[output] = missing.to_numpy()
            filled = filled.set_column(table.column_names.index(name), name, column)
        made = super()._transform_arrow(filled)
        for output, rows in gaps.items():
            made = made.set_column(made.column_names.index(output), output, _with_zeros(made.column(output), rows))
        for name in set(self.columns) - set(self.output_columns):
            made = made.set_column(made.column_names.index(name), name, table.column(name))
        return made


class _Counted:
    """Rows whose values Ray counts, a batch at a time: what is missing is left out of the counts, and told once."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows
        self._missing: set[str] = set()

    def map_batches(self, count: Callable[[Any], Any], **options: Any) -> "_Counted":
        return _Counted(self._rows.map_batches(count, **options))

    def iter_batches(self, **options: Any) -> Iterator[dict[str, list[Counter[Any]]]]:
        for batch in self._rows.iter_batches(**options):
            yield {str(name): [self._present(name, counted) for counted in each] for name, each in batch.items()}
        if self._missing:
            say(f"a missing value in {', '.join(sorted(self._missing))} is of no category: zeros (OneHotEncoder)")

    def _present(self, name: str, counted: Any) -> Counter[Any]:
        import pandas as pd

        present = Counter({value: times for value, times in counted.items() if pd.isna(value) is not True})
        if len(present) < len(counted):
            self._missing.add(repr(name))
        return present


def _values(column: Any) -> Any:
    """The column; of pandas' categories, what they are."""
    from pyarrow import types

    return column.cast(column.type.value_type) if types.is_dictionary(column.type) else column


def _filled(column: Any, missing: Any, category: Any) -> Any:
    """The column with a category in its gaps, so that Ray takes it."""
    import pyarrow
    from pyarrow import compute

    if missing.to_numpy().all():
        return pyarrow.array([category] * len(column))
    return compute.if_else(missing, pyarrow.scalar(category, type=column.type), column)


def _with_zeros(vectors: Any, rows: Any) -> Any:
    """One-hot vectors with nothing but zeros in some rows."""
    import pyarrow

    elements = vectors.combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(len(vectors), -1).copy()
    elements[rows] = 0
    return pyarrow.FixedSizeListArray.from_arrays(elements.ravel(), elements.shape[1])
