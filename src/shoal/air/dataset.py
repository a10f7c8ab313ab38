"""A table, held in this process while it is small and by Ray Data when it is not. Each step gives a new one."""

import math
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Self

from shoal.air.arguments import expect, expect_count, expect_names, expect_number
from shoal.air.arrow import with_numpy_types
from shoal.air.errors import ColumnUnknown, DatasetEmpty, SettingInvalid
from shoal.air.files import ParquetFiles
from shoal.air.in_process import OneBlock
from shoal.air.names import with_text_names

SMALL_BYTES = 256 * 1024**2
"""Up to this size (of files: on disk) a table is held, and preprocessed, in this process; above it, by Ray Data."""


class Dataset:
    """Rows under named columns.

    frame: the rows as a pandas DataFrame, or None.
    distributed: the rows as a ``ray.data.Dataset``, or None.
    files: the rows as files that every node sees, or None. One of the three is given.
    """

    def __init__(self, *, frame: Any = None, distributed: Any = None, files: ParquetFiles | None = None) -> None:
        if sum(held is not None for held in (frame, distributed, files)) != 1:
            raise SettingInvalid(
                "a Dataset is made of a frame or of a ray.data.Dataset", next_step="see air.from_pandas"
            )
        self._frame: Any = None if frame is None else with_text_names(frame)
        self._distributed = distributed
        self.files = files

    @property
    def is_small(self) -> bool:
        """Whether it is held in this process."""
        return self._frame is not None

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        if self.files is not None:
            return list(self.files.columns)
        return list(self._frame.columns if self.is_small else self._ask(lambda rows: rows.columns()))

    def count(self) -> int:
        """The number of rows; reads the data where Ray Data does not know it yet."""
        if self.files is not None:
            return self.files.count()
        return len(self._frame) if self.is_small else int(self._ask(lambda rows: rows.count()))

    def to_pandas(self) -> Any:
        """All rows as one pandas DataFrame, a copy."""
        return self._frame.copy() if self.is_small else with_numpy_types(self._ask(lambda rows: rows.to_pandas()))

    def to_ray(self) -> Any:
        """The rows as a ``ray.data.Dataset``."""
        if self._distributed is not None:
            return self._distributed
        if self.files is not None:
            self._distributed = self.files.to_ray()
            return self._distributed
        import ray.data

        from shoal.air.cluster import connect

        connect()
        return ray.data.from_pandas(self._frame)

    def map_batches(self, function: Callable[[Any], Any], *, batch_format: Any = "pandas", **options: Any) -> "Dataset":
        """What ``function`` makes of each batch of rows.

        batch_format, options: those of ``ray.data.Dataset.map_batches``; options count where Ray Data holds the rows.
        """
        if not callable(function):
            raise SettingInvalid("function is none", next_step="one from a batch to a batch is asked for")
        if self.is_small:
            return Dataset(frame=OneBlock(self._frame).map_batches(function, batch_format=batch_format).batch)
        return Dataset(distributed=self.to_ray().map_batches(function, batch_format=batch_format, **options))

    def aggregate(self, *aggregates: Any) -> Any:
        """What Ray's preprocessors ask of a data set when they are fitted: the value of each aggregate by its name."""
        if self.is_small:
            return self._rows.aggregate(*aggregates)
        return self._ask(lambda rows: rows.aggregate(*aggregates))

    def groupby(self, key: Any) -> Any:
        """The same: rows to be aggregated by group."""
        return self._rows.groupby(key)

    def iter_batches(self, **options: Any) -> Any:
        """The same: the batches, by the options of ``ray.data.Dataset.iter_batches``."""
        return self._rows.iter_batches(**options)

    @property
    def _rows(self) -> Any:
        return OneBlock(self._frame) if self.is_small else self.to_ray()

    def select_columns(self, columns: Sequence[str]) -> "Dataset":
        """These columns alone, in this order.

        Raises:
            ColumnUnknown: one of them isn't there.
        """
        self.require(columns)
        if self.is_small:
            return Dataset(frame=self._frame[list(columns)])
        if self.files is not None:
            return Dataset(files=self.files.only(columns))
        return Dataset(distributed=self._distributed.select_columns(list(columns)))

    def drop_columns(self, columns: Sequence[str]) -> "Dataset":
        """All but these columns.

        Raises:
            ColumnUnknown: one of them isn't there.
        """
        self.require(columns)
        return self.select_columns([name for name in self.columns if name not in columns])

    def require(self, columns: Sequence[str]) -> None:
        """
        Raises:
            ColumnUnknown: one of ``columns`` isn't there.
        """
        expect_names("columns", columns)
        known = self.columns
        for name in columns:
            if name not in known:
                raise ColumnUnknown(name, known)

    def take(self, rows: int) -> list[dict[str, Any]]:
        """The first rows, a dict each."""
        return [
            {str(key): value for key, value in row.items()} for row in self.head(rows).to_pandas().to_dict("records")
        ]

    def head(self, rows: int) -> "Dataset":
        """The first rows, in this process."""
        expect_count("rows", rows, 0)
        if self.is_small:
            return Dataset(frame=self._frame.head(rows))
        if self.files is not None:
            return Dataset(frame=self.files.head(rows))
        return Dataset(frame=with_numpy_types(self._ask(lambda all_rows: all_rows.limit(rows).to_pandas())))

    def train_test_split(
        self, test_size: float | int, *, shuffle: bool | None = None, seed: int | None = None
    ) -> tuple["Dataset", "Dataset"]:
        """Two data sets: to learn from, and to measure on.

        test_size: a share of the rows (0 to 1), or their number.
        shuffle: None shuffles when a ``seed`` is given. While small, the rows are those that
            ``sklearn.model_selection.train_test_split`` picks with ``random_state=seed``. Those of large Parquet files
            are picked at random, too, and are read in the order in which they lie.

        Raises:
            DatasetEmpty: too few rows for two parts.
            SettingInvalid: ``test_size`` is no share and no number of rows.
        """
        expect_number("test_size", test_size)
        if seed is not None:
            expect_count("seed", seed, 0)
        shuffled = seed is not None if shuffle is None else shuffle
        if not (0 < test_size < 1 or (isinstance(test_size, int) and test_size >= 1)):
            raise SettingInvalid(f"test_size={test_size!r} is neither a share between 0 and 1 nor a number of rows")
        if self.files is not None:
            return _split_files(self.files, test_size, shuffled, seed)
        if not self.is_small:
            train, test = self._ask(lambda rows: rows.train_test_split(test_size, shuffle=shuffled, seed=seed))
            return Dataset(distributed=train), Dataset(distributed=test)
        from sklearn.model_selection import train_test_split

        test_rows = _rows_of_test(len(self._frame), test_size)
        parts = train_test_split(
            self._frame, test_size=test_rows, shuffle=shuffled, random_state=seed if shuffled else None
        )
        return Dataset(frame=parts[0]), Dataset(frame=parts[1])

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """It never changes, so that cloning a trainer copies no rows."""
        return self

    def __repr__(self) -> str:
        if not self.is_small:
            return f"Dataset(by Ray Data: {', '.join(map(str, self.columns))})"
        return f"Dataset({len(self._frame)} rows: {', '.join(map(str, self.columns))})"

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>{self.head(5).to_pandas().to_html()}"

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        """What makes Ray Data work, where it can."""
        from shoal.air.cluster import on_cluster

        return on_cluster(question, self.to_ray())


def _split_files(
    files: ParquetFiles, test_size: float | int, shuffle: bool, seed: int | None
) -> tuple[Dataset, Dataset]:
    drawn = (secrets.randbits(32) if seed is None else seed) if shuffle else None
    train, test = files.split(_rows_of_test(files.count(), test_size), drawn)
    return Dataset(files=train), Dataset(files=test)


def _rows_of_test(rows: int, test_size: float | int) -> int:
    test_rows = int(test_size) if test_size >= 1 else math.ceil(test_size * rows)  # as scikit-learn has it
    if test_rows >= rows:
        raise DatasetEmpty(f"{rows} rows can't be split into two parts (test_size={test_size!r})")
    return test_rows


def expect_dataset(name: str, value: Any) -> None:
    """
    Raises:
        SettingInvalid: it is none.
    """
    expect(name, value, Dataset, next_step="make a Dataset of it: air.from_pandas")
