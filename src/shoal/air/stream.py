"""A table to learn from that is read, preprocessed and checked batch by batch, in the worker that learns."""

from collections.abc import Iterator
from dataclasses import dataclass
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
    room: bytes of them that a worker may hold.
    """

    files: ParquetFiles
    preprocessor: Any
    label_column: str
    name: str
    features: Any
    room: int

    @classmethod
    def of(cls, files: ParquetFiles, preprocessor: Any, label_column: str, name: str, room: int) -> "Stream | None":
        """None where batches could differ in what they mean, as columns of categories can."""
        import numpy as np

        first = _prepared(files.head(SAMPLE_ROWS), preprocessor)
        features = table_of(first, label_column, name=name, numbers=True, whole=False).features
        plain = all(isinstance(each, np.dtype) for each in features.dtypes)
        return cls(files, preprocessor, label_column, name, features, room) if plain else None

    @property
    def fits(self) -> bool:
        """Whether there is room for all rows, so that none has to be read twice."""
        return self.files.count() * len(self.features.columns) * BYTES_A_VALUE <= self.room

    def tables(self) -> Iterator[Table]:
        """A table a batch.

        Raises:
            ColumnUnknown, ColumnUnfit: as `table_of`, at the batch where it shows.
        """
        alike = AllAlike(self.label_column) if self.name == "train" else None
        row = 0
        for batch in self.files.batches():
            frame = _prepared(batch, self.preprocessor)
            if alike:
                alike.look(frame)
            yield table_of(frame, self.label_column, name=self.name, numbers=True, whole=False, first_row=row)
            row += len(batch)
        if alike:
            alike.refuse()


def _prepared(frame: Any, preprocessor: Any) -> Any:
    return frame if preprocessor is None else transformed_frame(preprocessor, frame)
