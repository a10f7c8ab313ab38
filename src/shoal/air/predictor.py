"""The one way from rows to predictions: in this process, in batches and behind HTTP it is this class that predicts."""

from collections.abc import Mapping, Sequence
from typing import Any

from shoal.air.arguments import expect
from shoal.air.arrow import with_numpy_types
from shoal.air.checkpoint import Checkpoint, expect_checkpoint
from shoal.air.dataset import Dataset
from shoal.air.errors import ColumnUnfit, DatasetEmpty, SettingInvalid
from shoal.air.features import features_of
from shoal.air.names import with_text_names
from shoal.air.preprocess import transformed_frame
from shoal.air.vectors import lengths_of


class Predictor:
    """Predicts with a checkpoint's model, after its preprocessor.

    Raises:
        SettingInvalid: the model takes no rows of a table.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        expect_checkpoint(checkpoint)
        if not checkpoint.framework.takes_tables:
            raise SettingInvalid(
                "a policy takes observations, and no rows of a table", next_step="checkpoint.predict(observations)"
            )
        self.checkpoint = checkpoint

    def predict(self, rows: Any) -> Any:
        """Predictions as a DataFrame of the same length and index, in the column ``predictions`` (one more a class).

        rows: a DataFrame, a dict, or a list of dicts. Columns that the model doesn't know are left aside; order doesn't
            matter.

        Raises:
            ColumnUnknown, ColumnUnfit: a column is missing or holds something else than in training; a function of
                yours makes other rows of the rows.
            DatasetEmpty: there is no row.
        """
        kept = self.checkpoint
        if isinstance(rows, Mapping):
            rows = [rows]
        whole = kept.preprocessor is not None  # models alone read floats faster
        as_json = isinstance(rows, list | tuple) and rows
        frame = kept.schema.frame_of(rows, whole=whole) if as_json else frame_of(rows)
        if len(frame) == 0:
            raise DatasetEmpty("there is no row to predict for")
        index, where = frame.index, "rows to predict for"
        frame = kept.schema.arranged(frame, where=where, whole=whole)
        if whole:
            frame = transformed_frame(kept.preprocessor, frame.reset_index(drop=True), label_column=kept.label_column)
            _refuse_other_rows(frame, len(index))
        lengths = lengths_of(frame, where=where, expected=kept.features.lengths or None)
        features = features_of(frame, lengths, where=where)
        return _as_frame(kept.framework.predict(kept.model, kept.features.arranged(features)), index)


def _refuse_other_rows(frame: Any, rows: int) -> None:
    """
    Raises:
        ColumnUnfit: these are more or fewer rows, or in another order: predictions would be told of others.
    """
    import pandas as pd

    places = pd.RangeIndex(rows)
    if frame.index.equals(places) or (len(frame) == rows and not places.isin(frame.index).all()):
        return
    wrong = f"{len(frame)} rows of {rows}" if len(frame) != rows else "another order of the rows"
    raise ColumnUnfit(
        f"the preprocessor makes {wrong} to predict for",
        next_step="a function in a BatchMapper gives each row that it gets, in its place",
    )


def frame_of(rows: Any) -> Any:
    """Rows as a DataFrame.

    Raises:
        SettingInvalid: these are none.
    """
    import pandas as pd

    if isinstance(rows, Dataset):
        return rows.to_pandas()
    if isinstance(rows, Mapping):
        return pd.DataFrame([rows])
    if isinstance(rows, Sequence) and not isinstance(rows, str):
        return with_text_names(pd.DataFrame(list(rows)))
    expect("rows", rows, pd.DataFrame, next_step="columns have names: a DataFrame, a Dataset or a list of dicts")
    return with_numpy_types(with_text_names(rows))


def _as_frame(predicted: Any, index: Any) -> Any:
    import pandas as pd

    if predicted.ndim == 1:
        return pd.DataFrame({"predictions": predicted}, index=index)
    names = [f"predictions_{position}" for position in range(predicted.shape[1])]
    return pd.DataFrame(predicted, columns=names, index=index)
