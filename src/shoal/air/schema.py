"""The columns of a table and what each holds: kept with a model, and held against every table that it predicts for."""

from typing import Any, Self

from shoal.air.dataset import Dataset
from shoal.air.errors import ColumnUnfit, ColumnUnknown

NUMBER, BOOLEAN, TEXT, TIME, OTHER = "number", "boolean", "text", "time", "other"


class Schema:
    """Columns in order.

    kinds: column name to "number", "boolean", "text", "time" or "other".
    """

    def __init__(self, kinds: dict[str, str]) -> None:
        self.kinds = kinds

    @classmethod
    def of(cls, dataset: Dataset, *, without: str = "") -> Self:
        """That of a data set; of a column ``without`` nothing is kept."""
        schema = cls.of_frame((dataset if dataset.is_small else dataset.head(1000)).to_pandas())
        schema.kinds.pop(without, None)
        return schema

    @classmethod
    def of_frame(cls, frame: Any) -> Self:
        """That of a pandas DataFrame."""
        return cls({str(name): kind_of(frame[name]) for name in frame.columns})

    def arranged(self, frame: Any, *, where: str = "") -> Any:
        """The frame with these columns, in this order, and no others.

        Raises:
            ColumnUnknown: one is missing.
            ColumnUnfit: one holds another kind of value than it did in training.
        """
        for name, kind in self.kinds.items():
            if name not in frame.columns:
                raise ColumnUnknown(name, frame.columns, where=where)
            found = kind_of(frame[name])
            if found != kind and not _fits(frame[name], found, kind):
                raise ColumnUnfit(_mismatch(frame[name], found, kind), where=f"column {name!r}")
        return frame[list(self.kinds)].astype(
            {name: float for name, kind in self.kinds.items() if kind == NUMBER and frame[name].dtype == object}
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and list(self.kinds.items()) == list(other.kinds.items())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Schema({', '.join(f'{name}: {kind}' for name, kind in self.kinds.items())})"


def kind_of(column: Any) -> str:
    """What a pandas Series holds."""
    from pandas.api import types

    if types.is_bool_dtype(column):
        return BOOLEAN
    if types.is_numeric_dtype(column):
        return NUMBER
    if types.is_datetime64_any_dtype(column):
        return TIME
    inferred = types.infer_dtype(column, skipna=True)
    return {"string": TEXT, "boolean": BOOLEAN, "integer": NUMBER, "floating": NUMBER}.get(str(inferred), OTHER)


def _fits(column: Any, found: str, kind: str) -> bool:
    """Whether one kind may stand for the other: booleans are numbers, and missing values alone are anything."""
    return {found, kind} == {NUMBER, BOOLEAN} or not column.notna().any()


def _mismatch(column: Any, found: str, kind: str) -> str:
    row = int(column.notna().to_numpy().argmax())
    return f"it holds {found} ({column.iloc[row]!r} in row {row}), and held {kind} in training"
