"""Parquet files as they lie: a description of rows, read batch by batch wherever it is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from shoal.air.arrow import frame_of_arrow

BATCH_BYTES = 128 * 1024**2
"""As many as a block of Ray Data's; a value takes up to eight."""


@dataclass(frozen=True)
class Part:
    """One of the two parts of a split: a description, as the files are one; the rows keep their order.

    test_rows: how many the other part, the test, has. seed: of the draw. None: the test is the last rows.
    """

    test_rows: int
    seed: int | None
    is_test: bool

    def count(self, rows: int) -> int:
        """How many of so many rows are in it."""
        return self.test_rows if self.is_test else rows - self.test_rows

    def chosen(self, rows: int) -> Any:
        """Which of so many rows are in it: their positions, ascending."""
        import numpy as np

        test: Any = np.zeros(rows, bool)
        last = np.arange(rows - self.test_rows, rows)
        drawn = last if self.seed is None else np.random.default_rng(self.seed).permutation(rows)[: self.test_rows]
        test[drawn] = True
        return np.flatnonzero(test if self.is_test else ~test)


@dataclass(frozen=True)
class ParquetFiles:
    """Columns of Parquet files, all of their rows or a part of them.

    paths: of files that every node sees, in order. columns: those that are read, in order; no others ever are.
    parts: each of what the one before leaves.
    """

    paths: tuple[str, ...]
    columns: tuple[str, ...]
    parts: tuple[Part, ...] = ()

    @classmethod
    def of(cls, paths: Sequence[str]) -> Self:
        """All columns of these files but for an index of pandas', which is none."""
        from pyarrow import parquet

        schema = parquet.read_schema(paths[0])
        index = (schema.pandas_metadata or {}).get("index_columns", [])
        return cls(tuple(paths), tuple(name for name in schema.names if name not in index))

    def only(self, columns: Sequence[str]) -> Self:
        """These columns alone, in this order."""
        return replace(self, columns=tuple(columns))

    def split(self, test_rows: int, seed: int | None) -> tuple[Self, Self]:
        """All rows but so many, and these."""
        train, test = (replace(self, parts=(*self.parts, Part(test_rows, seed, is_test))) for is_test in (False, True))
        return train, test

    def count(self) -> int:
        """The number of rows, of which the files' own notes tell."""
        rows = sum(self._lengths())
        for part in self.parts:
            rows = part.count(rows)
        return rows

    def _lengths(self) -> list[int]:
        from pyarrow import parquet

        return [parquet.read_metadata(path).num_rows for path in self.paths]

    def _masks(self) -> list[Any]:
        """Which rows of each file are meant."""
        import numpy as np

        lengths = self._lengths()
        meant = np.arange(sum(lengths))
        for part in self.parts:
            meant = meant[part.chosen(len(meant))]
        mask: Any = np.zeros(sum(lengths), bool)
        mask[meant] = True
        return np.split(mask, np.cumsum(lengths)[:-1])

    def batches(self, rows: int | None = None) -> Iterator[Any]:
        """The rows in order, as DataFrames of so many at most; None: as many as are worth the while."""
        masks = self._masks() if self.parts else [None] * len(self.paths)
        for path, mask in zip(self.paths, masks, strict=True):
            yield from self._of_file(path, mask, rows)

    def _of_file(self, path: str, mask: Any, rows: int | None = None) -> Iterator[Any]:
        from pyarrow import parquet

        begin, rows = 0, rows or max(1, BATCH_BYTES // (8 * len(self.columns)))
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(rows, columns=list(self.columns)):
                frame = frame_of_arrow(batch)[list(self.columns)]
                end = begin + len(frame)
                frame = frame if mask is None else frame[mask[begin:end]].reset_index(drop=True)
                begin = end
                if len(frame):
                    yield frame

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

        if not self.parts:
            return ray.data.read_parquet(list(self.paths)).select_columns(list(self.columns))
        files = ray.data.range(len(self.paths), override_num_blocks=len(self.paths))
        return files.map_batches(self._of_files, fn_args=(self._masks(),), batch_size=None)

    def _of_files(self, numbers: Any, masks: Sequence[Any]) -> Iterator[Any]:
        for number in numbers["id"]:
            yield from self._of_file(self.paths[number], masks[number])
