"""Whatever the columns hold, rows as JSON are predicted for as the same rows of a table."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from shoal import air
from shoal.air.served import Served

pytestmark = pytest.mark.air

ROWS = 60


def learned(frame: Any, *steps: Any, trainer: Any = air.XGBoostTrainer, **settings: Any) -> air.Checkpoint:
    """A model of the column ``y``, learned in this process, without Ray."""
    given = {"label_column": "y", "datasets": {"train": air.from_pandas(frame)}, **settings}
    made = trainer(preprocessor=air.Chain(*steps) if steps else None, **given)
    prepared = made.prepare()
    model = made.framework.learn(prepared.tables, made.settings(), 1)
    checkpoint: air.Checkpoint = prepared.result(model, made.settings()).checkpoint
    return checkpoint


def numbers() -> Any:
    chance = np.random.default_rng(0)
    frame = pd.DataFrame({"y": chance.integers(0, 2, ROWS), "b": chance.integers(0, 9, ROWS)})
    return frame.assign(a=chance.normal(size=ROWS) + frame["y"])


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda rows: rows[rows["b"] > 4], "rows of 60"),
        (lambda rows: pd.concat([rows, rows], ignore_index=True), "120 rows of 60"),
        (lambda rows: rows.sort_values("a"), "another order of the rows"),
    ],
)
def test_a_function_that_makes_other_rows_is_refused(function: Any, says: str) -> None:
    rows = numbers()
    checkpoint = learned(rows, air.BatchMapper(function))
    with pytest.raises(air.ColumnUnfit, match=says):
        checkpoint.predict(rows)


def test_requests_that_a_function_drops_rows_of_spoil_no_others() -> None:
    checkpoint = learned(numbers(), air.BatchMapper(lambda rows: rows[rows["b"] > 4]))
    few, all_there = [{"a": 1.0, "b": 3}], [{"a": -1.0, "b": 7}, {"a": 2.0, "b": 8}]
    refused, answered = Served(checkpoint, 64, 0.0, "")._answers([few, all_there])
    assert isinstance(refused, air.ColumnUnfit)
    assert answered == checkpoint.predict(all_there)["predictions"].tolist()


def test_a_function_may_name_rows_anew() -> None:
    rows = numbers().set_index(pd.Index(["x", "y"] * (ROWS // 2)))
    plain = learned(rows, air.BatchMapper(lambda batch: batch))
    named = learned(rows, air.BatchMapper(lambda batch: batch.set_index(batch["a"])))
    assert named.predict(rows).equals(plain.predict(rows))


def test_one_row_alone_is_read_as_one_in_a_list() -> None:
    times = pd.date_range("2026-01-01", periods=ROWS, freq="h")
    rows = numbers().assign(when=times)
    checkpoint = learned(rows, air.BatchMapper(lambda batch: batch.assign(when=batch["when"].dt.hour)))
    row = {"a": 1.0, "b": 3, "when": "2026-01-01T13:00:00"}
    assert checkpoint.predict(row).equals(checkpoint.predict([row]))
    assert checkpoint.predict((row,)).equals(checkpoint.predict([row]))
