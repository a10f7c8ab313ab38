"""Parquet files as they lie: a description of rows, read batch by batch wherever it is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

BATCH_ROWS = 131_072


@dataclass(frozen=True)
class ParquetFiles:
    """Columns of Parquet files.

    paths: of files that every node sees, in order. columns: those that are read, in order; no others ever are.
    """

    paths: tuple[str, ...]
    columns: tuple[str, ...]

    @classmethod
    def of(cls, paths: Sequence[str]) -> Self:
        """All columns of these files."""
        from pyarrow import parquet

        return cls(tuple(paths), tuple(parquet.read_schema(paths[0]).names))

    def only(self, columns: Sequence[str]) -> Self:
        """These columns alone, in this order."""
        return replace(self, columns=tuple(columns))

    def count(self) -> int:
        """The number of rows, of which the files' own notes tell."""
        from pyarrow import parquet

        return sum(parquet.read_metadata(path).num_rows for path in self.paths)

    def batches(self, rows: int = BATCH_ROWS) -> Iterator[Any]:
        """The rows in order, as DataFrames of so many at most."""
        from pyarrow import parquet

        for path in self.paths:
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(rows, columns=list(self.columns)):
                    yield batch.to_pandas()[list(self.columns)]

    def head(self, rows: int) -> Any:
        """The first rows, as a DataFrame."""
        import pandas as pd

        found = []
        for batch in self.batches(rows):
            found.append(batch)
            if sum(map(len, found)) >= rows:
                break
        return pd.concat(found, ignore_index=True).head(rows)

    def to_ray(self) -> Any:
        """As a ``ray.data.Dataset``, which reads no other columns either."""
        import ray.data

        return ray.data.read_parquet(list(self.paths)).select_columns(list(self.columns))
