"""A table to learn from that is read, preprocessed and checked batch by batch, in the worker that learns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shoal.air.features import AllAlike, table_of
from shoal.air.files import ParquetFiles
from shoal.air.frameworks.base import Table
from shoal.air.preprocess import transformed_frame

SAMPLE_ROWS = 1000
BYTES_A_VALUE = 4
"""Of what a framework is given: single precision."""


@dataclass(frozen=True)
class Stream:
    """Rows of files, on their way to a framework that takes them in batches (`Framework.takes_batches`).

    features: those of the first rows, as a framework sees them.
    lengths: of the vectors in them.
    room: bytes of them that a worker may hold.
    held: all batches, where they are.
    """

    files: ParquetFiles
    preprocessor: Any
    label_column: str
    name: str
    features: Any
    lengths: Mapping[str, int]
    room: int
    held: tuple[Table, ...] | None = None

    @classmethod
    def of(cls, files: ParquetFiles, preprocessor: Any, label_column: str, name: str, room: int) -> "Stream | None":
        """None where batches could differ in what they mean, as columns of categories can."""
        import numpy as np

        first = _prepared(files.head(SAMPLE_ROWS), preprocessor)
        table = table_of(first, label_column, name=name, numbers=True, whole=False)
        plain = all(isinstance(each, np.dtype) for each in table.features.dtypes)
        return cls(files, preprocessor, label_column, name, table.features, table.lengths, room) if plain else None

    def read(self) -> "Stream":
        """The same with its batches held, where there is room for them: a framework goes through them more than once.

        Raises:
            ColumnUnknown, ColumnUnfit: as `tables`.
        """
        fits = self.files.count() * len(self.features.columns) * BYTES_A_VALUE <= self.room
        return replace(self, held=tuple(self.tables())) if fits else self

    def tables(self) -> Iterator[Table]:
        """A table a batch, its features one array of single precision. What is not held is read, each time anew.

        Raises:
            ColumnUnknown, ColumnUnfit: as `table_of`, at the batch where it shows.
        """
        yield from self._read() if self.held is None else self.held

    def _read(self) -> Iterator[Table]:
        alike = AllAlike(self.label_column) if self.name == "train" else None
        row = 0
        for batch in self.files.batches():
            frame = _prepared(batch, self.preprocessor)
            if alike:
                alike.look(frame)
            table = table_of(
                frame,
                self.label_column,
                name=self.name,
                numbers=True,
                whole=False,
                first_row=row,
                lengths=self.lengths,
            )
            yield Table(table.features.to_numpy("float32"), table.label)
            row += len(batch)
        if alike:
            alike.refuse()


def _prepared(frame: Any, preprocessor: Any) -> Any:
    return frame if preprocessor is None else transformed_frame(preprocessor, frame)
