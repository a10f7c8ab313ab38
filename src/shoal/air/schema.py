"""The columns of a table and what each holds: kept with a model, and held against every table that it predicts for."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from shoal.air.categories import as_learned
from shoal.air.dataset import Dataset
from shoal.air.errors import ColumnUnfit, ColumnUnknown
from shoal.air.kinds import CATEGORY, NUMBER, OTHER, TIME, fits, kind_of, kind_of_members, kind_of_type, mismatch
from shoal.air.names import refuse_twins, with_text_names
from shoal.air.types import as_number, as_time, is_other, read_times, whole_numbers


class Schema:
    """Columns in order.

    kinds: column name to "number", "boolean", "text", "category", "time" or "other".
    types: what pandas calls columns of numbers and of times, as "int64", and its type of those of categories.
    lengths: of columns of vectors, where all are of one, the number of their elements.
    """

    def __init__(
        self, kinds: dict[str, str], types: Mapping[str, Any] | None = None, lengths: Mapping[str, int] | None = None
    ) -> None:
        self.kinds = kinds
        self.types = dict(types or {})
        self.lengths = dict(lengths or {})
        self.values = {name: self._values(name) for name in kinds}

    def _values(self, name: str) -> str:
        """The kind of a column, or of its categories."""
        if self.kinds[name] != CATEGORY:
            return self.kinds[name]
        return kind_of_members(self.types[name]) if name in self.types else OTHER

    @classmethod
    def of(cls, dataset: Dataset, *, without: str = "") -> "Schema":
        """That of a data set; of a column ``without`` nothing is kept. Of many rows all categories are not known."""
        schema = cls.of_frame((dataset if dataset.is_small else dataset.head(1000)).to_pandas())
        unsure = [] if dataset.is_small else [name for name, kind in schema.kinds.items() if kind == CATEGORY]
        types = {name: held for name, held in schema.types.items() if name not in unsure}
        return cls(schema.kinds, types).without([without])

    @classmethod
    def of_frame(cls, frame: Any, lengths: Mapping[str, int] | None = None) -> Self:
        """That of a pandas DataFrame."""
        kinds = {str(name): kind_of(frame[name]) for name in frame.columns}
        held = dict(zip(kinds, frame.dtypes, strict=True))
        categories = {name: each for name, each in held.items() if kinds[name] == CATEGORY}
        told = {name: str(each) for name, each in held.items() if kinds[name] == TIME or kind_of_type(each) == NUMBER}
        return cls(kinds, categories | told, lengths)

    def without(self, columns: Sequence[str]) -> "Schema":
        """All but these columns."""
        return Schema(*({name: held[name] for name in held if name not in columns} for held in self._parts()))

    def _parts(self) -> tuple[dict[str, Any], ...]:
        return self.kinds, self.types, self.lengths

    def with_lengths(self, lengths: Mapping[str, int]) -> "Schema":
        """The same, and these of vectors."""
        return Schema(self.kinds, self.types, lengths)

    def frame_of(self, rows: Sequence[Any], *, whole: bool = True) -> Any:
        """Rows as JSON has them, as a DataFrame: at once where all that is asked for is numbers.

        whole: columns that held whole numbers in training, and do so here, have their type of then.

        Raises:
            ColumnUnfit: a text that stands for a time is none.
        """
        import numpy as np
        import pandas as pd

        if set(self.kinds.values()) == {NUMBER}:
            values = np.array([[_number(row, name) for name in self.kinds] for row in rows])
            if values.dtype.kind in "iuf":
                frame = pd.DataFrame(values.astype(float), columns=list(self.kinds))
                return frame.assign(**self._whole(rows)) if whole else frame
        frame = with_text_names(pd.DataFrame(list(rows)))
        for name, kind in self.kinds.items():
            if kind == TIME and name in frame:
                frame[name] = read_times(frame[name], self.types.get(name))
        return frame.assign(**self._whole(rows)) if whole else frame

    def whole_in(self, rows: Sequence[Any]) -> tuple[str, ...]:
        """The columns of JSON rows that are whole numbers again. Rows are of other types beside those with others."""
        return tuple(self._whole(rows))

    def _whole(self, rows: Sequence[Any]) -> dict[str, Any]:
        asked = {name: held for name, held in self.types.items() if self.kinds[name] == NUMBER and "int" in held}
        found = {name: whole_numbers(rows, name, held) for name, held in asked.items()}
        return {name: column for name, column in found.items() if column is not None}

    def arranged(self, frame: Any, *, where: str = "", whole: bool = False) -> Any:
        """The frame with these columns, in this order and of these types, and no others; maybe the frame itself.

        whole: numbers that were whole in training are so again, where all of a column are.

        Raises:
            ColumnUnknown: one is missing.
            ColumnUnfit: one holds another kind of value than it did in training, or is there twice.
        """
        frame = with_text_names(frame)
        refuse_twins(frame)
        types = dict(zip(frame.columns, frame.dtypes, strict=True))
        changed: dict[str, Any] = {}
        for name, kind in self.kinds.items():
            if name not in types:
                raise ColumnUnknown(name, frame.columns, where=where)
            found, held = kind_of_type(types[name]) or kind_of(frame[name]), self.types.get(name)
            if CATEGORY in (found, kind):
                changed[name] = as_learned(frame[name], kind, held)
            elif found != kind and not fits(frame[name], found, kind):
                raise ColumnUnfit(mismatch(frame[name], found, kind), where=f"column {name!r}")
            elif kind == NUMBER and is_other(types[name], held, whole=whole):
                changed[name] = as_number(frame[name], held, whole=whole)
            elif kind == TIME:
                changed[name] = as_time(frame[name], held)
        arranged = frame if list(types) == list(self.kinds) else frame[list(self.kinds)]
        return arranged.assign(**changed) if changed else arranged

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and list(self.kinds) == list(other.kinds) and self._parts() == other._parts()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Schema({', '.join(f'{name}: {kind}' for name, kind in self.kinds.items())})"


def _number(row: Any, name: str) -> Any:
    """The value of a field, NaN for null, and what is no number for a field that isn't there."""
    value = row.get(name, "") if isinstance(row, dict) else ""
    return float("nan") if value is None else value
