"""Rows as a training function of PyTorch's gets them: tensors on the device on which its worker trains."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from shoal.air.errors import ColumnUnfit
from shoal.air.frameworks.base import Table


class Rows:
    """A data set as a training function gets it from ``ray.train.get_dataset_shard``.

    features: a tensor of a row of floats a row. label: one of a value a row: whole numbers as int64, others as floats.
    Both are on the device on which this worker trains, once they are first asked for.
    """

    def __init__(self, fetch: Callable[[], tuple[Any, Any]]) -> None:
        self._fetch = fetch

    @cached_property
    def _tensors(self) -> tuple[Any, Any]:
        return self._fetch()

    @property
    def features(self) -> Any:
        return self._tensors[0]

    @property
    def label(self) -> Any:
        return self._tensors[1]

    def __len__(self) -> int:
        return len(self.label)

    def iter_torch_batches(
        self, *, batch_size: int = 256, shuffle: bool = False, drop_last: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Batches as dicts of "features" and "label".

        shuffle: in an order that PyTorch's generator draws anew each time. drop_last: leave out a last, smaller batch.
        """
        import torch

        order = torch.randperm(len(self)).to(self.label.device) if shuffle else None
        for start in range(0, len(self), batch_size):
            stop = start + batch_size
            if drop_last and stop > len(self):
                return
            rows = slice(start, stop) if order is None else order[start:stop]
            yield {"features": self.features[rows], "label": self.label[rows]}


def arrays_of(tables: Mapping[str, Table]) -> dict[str, tuple[Any, Any]]:
    """The features and the label of each table as arrays of NumPy's.

    Raises:
        ColumnUnfit: there are missing values.
    """
    return {
        name: (
            matrix(table.features, where=f"data set {name!r}"),
            table.label.astype("int64" if table.label.dtype.kind in "iu" else "float32"),
        )
        for name, table in tables.items()
    }


def tensors(features: Any, label: Any, where: Any) -> tuple[Any, Any]:
    """Both as tensors on the device ``where``."""
    import torch

    return torch.as_tensor(features).to(where), torch.as_tensor(label).to(where)


def matrix(features: Any, *, where: str) -> Any:
    """The table as a matrix of single precision.

    Raises:
        ColumnUnfit: a column holds categories, or missing values.
    """
    import pandas as pd

    for name in features.columns:
        column = features[name]
        place = f"column {name!r} of {where}"
        if isinstance(column.dtype, pd.CategoricalDtype):
            raise ColumnUnfit("it holds categories, and PyTorch takes numbers", where=place)
        if column.isna().any():
            raise ColumnUnfit(
                f"{int(column.isna().sum())} of {len(column)} values are missing, and a network takes no gaps",
                where=place,
                next_step="fill them, as with air.SimpleImputer in the preprocessor",
            )
    return features.to_numpy(dtype="float32")
