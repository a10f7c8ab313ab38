"""Predictions for whole data sets: here while they are small, streamed through Ray Data when they are not."""

from collections.abc import Sequence
from typing import Any

from shoal.air.arguments import expect_names
from shoal.air.arrow import with_numpy_types
from shoal.air.checkpoint import Checkpoint, expect_checkpoint
from shoal.air.cluster import wait_for_room
from shoal.air.dataset import Dataset, expect_dataset
from shoal.air.predictor import Predictor
from shoal.air.progress import say

ROWS_FOR_A_GPU = 4096
PREDICTING = "Ray Data to predict"


class BatchPredictor:
    """Predicts for data sets, row for row what `Predictor` gives."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        expect_checkpoint(checkpoint)
        self.checkpoint = checkpoint

    def predict(
        self,
        dataset: Dataset,
        *,
        keep_columns: Sequence[str] = (),
        batch_size: int | None = None,
        workers: tuple[int, int] | None = None,
        use_gpu: bool = False,
    ) -> Dataset:
        """A data set of the predictions beside ``keep_columns``, in the order of the rows.

        The rest matters where Ray Data holds the rows; of files, it reads only the columns that are needed.

        batch_size: rows a batch. None: a block as Ray Data reads it, or 4,096 for a GPU, whose memory is smaller.
        workers: actors at least and at most. None: one to as many as there is room for.
        use_gpu: one GPU for each of them.

        Raises:
            ColumnUnknown, ColumnUnfit, DatasetEmpty: as `Predictor.predict`.
            ClusterUnfit: Ray Data is to predict, and no CPU (or GPU) for it gets free.
        """
        expect_dataset("dataset", dataset)
        expect_names("keep_columns", keep_columns)
        if not dataset.is_small:
            wait_for_room({"CPU": 1, **({"GPU": 1} if use_gpu else {})}, PREDICTING)
        needed = [*self.checkpoint.schema.kinds, *keep_columns]
        dataset.require(needed)
        rows = dataset.select_columns(list(dict.fromkeys(needed)))
        if rows.is_small:
            return Dataset(frame=_predicted(Predictor(self.checkpoint), rows.to_pandas(), keep_columns))
        from ray import data

        say("predicting by Ray Data")
        size = {"size": workers[0]} if workers and workers[0] == workers[1] else {}
        size = size or ({"min_size": workers[0], "max_size": workers[1]} if workers else {"min_size": 1})
        predicted = rows.to_ray().map_batches(
            _Worker,
            fn_constructor_args=(self.checkpoint, list(keep_columns)),
            batch_format="pandas",
            batch_size=batch_size or (ROWS_FOR_A_GPU if use_gpu else None),
            compute=data.ActorPoolStrategy(**size),
            num_gpus=1 if use_gpu else 0,
        )
        predicted.context.execution_options.preserve_order = True  # files are read side by side, and end as it comes
        return Dataset(distributed=predicted)


class _Worker:
    """An actor that holds the model."""

    def __init__(self, checkpoint: Checkpoint, keep_columns: list[str]) -> None:
        self.predictor = Predictor(checkpoint)
        self.keep_columns = keep_columns

    def __call__(self, frame: Any) -> Any:
        return _predicted(self.predictor, with_numpy_types(frame), self.keep_columns)


def _predicted(predictor: Predictor, frame: Any, keep_columns: Sequence[str]) -> Any:
    import pandas as pd

    predicted = predictor.predict(frame)
    return pd.concat([frame[list(keep_columns)], predicted], axis="columns") if keep_columns else predicted
