"""What Ray's preprocessors ask of a Dataset when they are fitted, answered from one table of this process.

Ray Data starts an execution for every statistic: seconds, where arithmetic on some thousand rows takes milliseconds.
The statistics stay those of Ray's own code: it is only handed its rows by something that isn't distributed.
"""

from collections.abc import Callable, Iterator
from typing import Any


class OneBlock:
    """A pandas DataFrame that can be mapped, aggregated and read as a ``ray.data.Dataset`` of a single block can."""

    def __init__(self, batch: Any) -> None:
        self.batch = batch

    def map_batches(
        self, function: Callable[[Any], Any], *, batch_format: Any = "pandas", **_options: Any
    ) -> "OneBlock":
        """What ``function`` makes of the only batch there is."""
        return OneBlock(_as_frame(function(_in_format(self.batch, str(getattr(batch_format, "value", batch_format))))))

    def iter_batches(self, **_options: Any) -> Iterator[Any]:
        """The only batch."""
        yield self.batch

    def select_columns(self, columns: list[str]) -> "OneBlock":
        """These columns alone."""
        return OneBlock(self.batch[columns])

    def to_pandas(self) -> Any:
        """All rows."""
        return self.batch.copy()

    def aggregate(self, *aggregates: Any) -> dict[str, Any]:
        """The value of each aggregate by its name."""
        import pyarrow

        columns = {aggregate.get_target_column() for aggregate in aggregates} - {None}
        block = pyarrow.Table.from_pandas(self.batch[[*columns]] if columns else self.batch, preserve_index=False)
        return {
            aggregate.name: aggregate.finalize(aggregate.accumulate_block(aggregate.init(None), block))
            for aggregate in aggregates
        }

    def groupby(self, key: None) -> "OneGroup":
        """All rows as one group: the only grouping that a preprocessor asks for."""
        if key is not None:
            raise NotImplementedError("rows of one block are not grouped by a key")
        return OneGroup(self)


class OneGroup:
    """The rows of a `OneBlock`, to be aggregated into a table of one row."""

    def __init__(self, rows: OneBlock) -> None:
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
