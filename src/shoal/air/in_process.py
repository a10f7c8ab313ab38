"""What Ray's preprocessors ask of a Dataset when they are fitted, answered from tables of this process.

Ray Data starts an execution for every statistic: seconds, where arithmetic on some thousand rows takes milliseconds.
The statistics stay those of Ray's own code: it is only handed its rows by something that isn't distributed.
"""

from collections.abc import Callable, Iterator
from typing import Any

from shoal.air.errors import SettingInvalid


class Blocks:
    """pandas DataFrames, one after the other, that can be mapped, aggregated and read as a ``ray.data.Dataset`` can.

    frames: gives them, each time anew; they are never all held.
    """

    def __init__(self, frames: Callable[[], Iterator[Any]]) -> None:
        self.frames = frames

    def map_batches(self, function: Callable[[Any], Any], *, batch_format: Any = "pandas", **_options: Any) -> "Blocks":
        """What ``function`` makes of each."""
        wanted = str(getattr(batch_format, "value", batch_format))
        return Blocks(lambda: (_as_frame(function(_in_format(frame, wanted))) for frame in self.frames()))

    def iter_batches(self, **_options: Any) -> Iterator[Any]:
        """Each of them."""
        return self.frames()

    def select_columns(self, columns: list[str]) -> "Blocks":
        """These columns alone."""
        return Blocks(lambda: (frame[columns] for frame in self.frames()))

    def to_pandas(self) -> Any:
        """All rows."""
        import pandas as pd

        return pd.concat(list(self.frames()), ignore_index=True)

    def aggregate(self, *aggregates: Any) -> dict[str, Any]:
        """The value of each aggregate by its name."""
        import pyarrow

        columns = [*({aggregate.get_target_column() for aggregate in aggregates} - {None})]
        totals: list[Any] = []
        for frame in self.frames():
            block = pyarrow.Table.from_pandas(frame[columns] if columns else frame, preserve_index=False)
            found = [each.accumulate_block(each.init(None), block) for each in aggregates]
            merged = (each.merge(*parts) for each, *parts in zip(aggregates, totals, found, strict=True))
            totals = list(merged) if totals else found
        return {each.name: each.finalize(total) for each, total in zip(aggregates, totals, strict=True)}

    def groupby(self, key: str | None) -> "OneGroup":
        """All rows as one group: the only grouping that a preprocessor asks for.

        Raises:
            SettingInvalid: a key.
        """
        if key is not None:
            raise SettingInvalid(
                f"groupby({key!r}): rows of this process are not grouped by a key",
                next_step="ask Ray Data, dataset.to_ray(), or pandas, dataset.to_pandas()",
            )
        return OneGroup(self)


class OneBlock(Blocks):
    """A single frame. What isn't a table, as counts, may be mapped from it."""

    def __init__(self, batch: Any) -> None:
        super().__init__(lambda: iter([batch]))
        self.batch = batch

    def map_batches(
        self, function: Callable[[Any], Any], *, batch_format: Any = "pandas", **_options: Any
    ) -> "OneBlock":
        """What ``function`` makes of the only batch there is."""
        return OneBlock(_as_frame(function(_in_format(self.batch, str(getattr(batch_format, "value", batch_format))))))

    def to_pandas(self) -> Any:
        """All rows."""
        return self.batch.copy()


class OneGroup:
    """The rows of `Blocks`, to be aggregated into a table of one row."""

    def __init__(self, rows: Blocks) -> None:
        self.rows = rows

    def aggregate(self, *aggregates: Any) -> "Aggregated":
        """One row with a column for each aggregate."""
        return Aggregated(self.rows.aggregate(*aggregates))


class Aggregated:
    """A table of one row."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def to_arrow_refs(self) -> list[Any]:
        """The table as Ray's object store holds it."""
        import pyarrow

        from shoal.air.cluster import connect

        return [connect().put(pyarrow.table({name: [value] for name, value in self.values.items()}))]


def _in_format(frame: Any, batch_format: str) -> Any:
    if batch_format == "pandas":
        return frame.copy()
    if batch_format == "numpy":
        return {name: frame[name].to_numpy() for name in frame.columns}
    import pyarrow

    return pyarrow.Table.from_pandas(frame, preserve_index=False)


def _as_frame(batch: Any) -> Any:
    """A transformed batch as a frame. Counts, which are no table, stay what they are."""
    import pandas as pd
    import pyarrow

    if isinstance(batch, pyarrow.Table):
        return batch.to_pandas()
    if isinstance(batch, dict) and not all(isinstance(value, list) for value in batch.values()):
        return pd.DataFrame({name: list(value) if value.ndim > 1 else value for name, value in batch.items()})
    return batch
