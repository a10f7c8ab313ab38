"""The columns of a table and what each holds: kept with a model, and held against every table that it predicts for."""

from collections.abc import Sequence
from typing import Any, Self

from shoal.air.dataset import Dataset
from shoal.air.errors import ColumnUnfit, ColumnUnknown

NUMBER, BOOLEAN, TEXT, TIME, OTHER = "number", "boolean", "text", "time", "other"
KINDS_OF_NUMPY = {"b": BOOLEAN, "i": NUMBER, "u": NUMBER, "f": NUMBER, "M": TIME}


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

    def without(self, columns: Sequence[str]) -> "Schema":
        """All but these columns."""
        return Schema({name: kind for name, kind in self.kinds.items() if name not in columns})

    def frame_of(self, rows: Sequence[Any]) -> Any:
        """Rows as JSON has them, as a DataFrame: at once where all that is asked for is numbers.

        Raises:
            ColumnUnfit: a text that stands for a time is none.
        """
        import numpy as np
        import pandas as pd

        if set(self.kinds.values()) == {NUMBER}:
            values = np.array([[_number(row, name) for name in self.kinds] for row in rows])
            if values.dtype.kind in "iuf":
                return pd.DataFrame(values.astype(float), columns=list(self.kinds))
        frame = pd.DataFrame(list(rows))
        for name, kind in self.kinds.items():
            if kind == TIME and name in frame:
                frame[name] = _times(frame[name])
        return frame

    def arranged(self, frame: Any, *, where: str = "") -> Any:
        """The frame with these columns, in this order, and no others; maybe the frame itself.

        Raises:
            ColumnUnknown: one is missing.
            ColumnUnfit: one holds another kind of value than it did in training, or is there twice.
        """
        refuse_twins(frame)
        types = dict(zip(frame.columns, frame.dtypes, strict=True))
        for name, kind in self.kinds.items():
            if name not in types:
                raise ColumnUnknown(name, frame.columns, where=where)
            found = _kind_of_type(types[name]) or kind_of(frame[name])
            if found != kind and not _fits(frame[name], found, kind):
                raise ColumnUnfit(_mismatch(frame[name], found, kind), where=f"column {name!r}")
        arranged = frame if list(types) == list(self.kinds) else frame[list(self.kinds)]
        objects = [name for name, kind in self.kinds.items() if kind == NUMBER and types[name].kind == "O"]
        return arranged.assign(**{name: floats(frame[name]) for name in objects}) if objects else arranged

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and list(self.kinds.items()) == list(other.kinds.items())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Schema({', '.join(f'{name}: {kind}' for name, kind in self.kinds.items())})"


def kind_of(column: Any) -> str:
    """What a pandas Series holds."""
    from pandas.api import types

    if told := _kind_of_type(column.dtype):
        return told
    if types.is_bool_dtype(column):
        return BOOLEAN
    if types.is_numeric_dtype(column):
        return NUMBER
    if types.is_datetime64_any_dtype(column):
        return TIME
    inferred = types.infer_dtype(column, skipna=True)
    return {"string": TEXT, "boolean": BOOLEAN, "integer": NUMBER, "floating": NUMBER}.get(str(inferred), OTHER)


def _kind_of_type(dtype: Any) -> str:
    """What columns of a type of NumPy's hold; "" where their values have to be looked at."""
    import numpy as np

    return KINDS_OF_NUMPY.get(dtype.kind, "") if isinstance(dtype, np.dtype) else ""


def _times(column: Any) -> Any:
    """Times as JSON has them, in words."""
    import pandas as pd

    try:
        times = pd.to_datetime(column, format="ISO8601", errors="coerce")
    except ValueError as error:
        raise ColumnUnfit(str(error).rstrip("."), where=f"column {column.name!r}") from error
    wrong = (times.isna() & column.notna()).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise ColumnUnfit(
            f"it holds {column.iloc[row]!r} in row {row}, which is no time",
            where=f"column {column.name!r}",
            next_step="write it as 2026-01-31T12:00:00",
        )
    return times


def floats(column: Any) -> Any:
    """Numbers, or booleans, that pandas holds as objects, as it does where some are missing.

    Raises:
        ColumnUnfit: one is larger than any float.
    """
    try:
        return column.astype(float)
    except OverflowError as error:
        raise ColumnUnfit("it holds a number that is too large", where=f"column {column.name!r}") from error


def refuse_twins(frame: Any) -> None:
    """
    Raises:
        ColumnUnfit: two columns have one name.
    """
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ColumnUnfit(f"two columns are called {twice!r}", next_step="rename one of them, or leave it out")


def _number(row: Any, name: str) -> Any:
    """The value of a field, NaN for null, and what is no number for a field that isn't there."""
    value = row.get(name, "") if isinstance(row, dict) else ""
    return float("nan") if value is None else value


def _fits(column: Any, found: str, kind: str) -> bool:
    """Whether one kind may stand for the other: booleans are numbers, and missing values alone are anything."""
    return {found, kind} == {NUMBER, BOOLEAN} or not column.notna().any()


def _mismatch(column: Any, found: str, kind: str) -> str:
    row = int(column.notna().to_numpy().argmax())
    return f"it holds {found} ({column.iloc[row]!r} in row {row}), and held {kind} in training"
