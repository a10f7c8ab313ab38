"""Whatever the columns hold, rows as JSON are predicted for as the same rows of a table."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from shoal import air
from shoal.air.predictor import Predictor
from shoal.air.served import Served, predictions
from shoal.air.verification import as_json

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


def by_http(checkpoint: air.Checkpoint, rows: Any) -> list[Any]:
    """The predictions for rows that were JSON."""
    sent = json.loads(json.dumps(as_json(rows[list(checkpoint.schema.kinds)])))
    return predictions(Predictor(checkpoint), sent)


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


WHEN = pd.Series(pd.date_range("2026-03-20", periods=ROWS, freq="7h"))
PASSED = air.BatchMapper(lambda rows: rows.assign(when=rows["when"].astype("int64")))
HOUR = air.BatchMapper(lambda rows: rows.assign(when=rows["when"].dt.hour))


def late(when: Any) -> Any:
    """Rows of those from the middle of the times on are told from the others."""
    frame = numbers()[["b"]].assign(when=when)
    return frame.assign(y=(frame["when"] > frame["when"].iloc[ROWS // 2]).astype(int))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_have_the_unit_of_training(unit: str) -> None:
    rows = late(WHEN.dt.as_unit(unit))
    checkpoint = learned(rows, PASSED)
    here = checkpoint.predict(rows)["predictions"].tolist()
    assert len(set(here)) > 1
    assert by_http(checkpoint, rows) == here
    assert checkpoint.predict(rows.assign(when=WHEN.dt.as_unit("us")))["predictions"].tolist() == here


def test_times_have_the_zone_of_training_also_where_its_clocks_change(tmp_path: Path) -> None:
    rows = late(WHEN.dt.tz_localize("Europe/Berlin"))
    checkpoint = air.load(learned(rows, HOUR).save(tmp_path / "model"), trust_code=True)
    here = checkpoint.predict(rows)["predictions"].tolist()
    assert by_http(checkpoint, rows) == here
    assert by_http(checkpoint, rows.assign(when=rows["when"].dt.tz_convert("UTC"))) == here


def test_times_with_a_zone_are_not_taken_for_those_without() -> None:
    zoned, local = (learned(late(when), HOUR) for when in (WHEN.dt.tz_localize("UTC"), WHEN))
    row = {"b": 1, "when": "2026-03-20T10:00:00"}
    with pytest.raises(air.ColumnUnfit, match="'2026-03-20T10:00:00' in row 1, which tells no zone"):
        zoned.predict([row | {"when": "2026-03-20T10:00:00+01:00"}, row])
    with pytest.raises(air.ColumnUnfit, match="'2026-03-20T10:00:00Z' in row 0, which tells its zone"):
        local.predict(row | {"when": "2026-03-20T10:00:00Z"})
    with pytest.raises(air.ColumnUnfit, match="column 'when': it holds times with a zone, and held ones without"):
        local.predict(late(WHEN.dt.tz_localize("UTC")))
    with pytest.raises(air.ColumnUnfit, match="column 'when': it holds times without a zone, and held ones with one"):
        zoned.predict(late(WHEN))


def test_data_sets_to_measure_on_have_the_types_of_training() -> None:
    rows = late(WHEN.dt.as_unit("s")).assign(deck=decks()["deck"])
    turned = rows.assign(when=WHEN.dt.as_unit("us"), deck=rows["deck"].cat.set_categories(["lower", "middle", "upper"]))
    codes = air.BatchMapper(lambda batch: batch.assign(deck=batch["deck"].cat.codes))
    same, other = (
        learned(rows, PASSED, codes, datasets={"train": air.from_pandas(rows), "valid": air.from_pandas(each)})
        for each in (rows, turned)
    )
    assert other.metrics == same.metrics
    valid = air.from_pandas(rows.assign(when="soon"))
    with pytest.raises(air.ColumnUnfit, match="column 'when' of data set 'valid': it holds text"):
        learned(rows, PASSED, codes, datasets={"train": air.from_pandas(rows), "valid": valid})


def test_days_of_files_are_times(tmp_path: Path) -> None:
    late(WHEN.dt.date).to_csv(tmp_path / "days.csv", index=False)
    rows = air.read_csv(tmp_path / "days.csv").to_pandas()
    checkpoint = learned(rows, PASSED)
    assert checkpoint.schema.kinds["when"] == "time"
    assert by_http(checkpoint, rows) == checkpoint.predict(rows)["predictions"].tolist()


@pytest.mark.parametrize("type_", ["float32", "float16"])
def test_numbers_have_the_precision_of_training(type_: str) -> None:
    from sklearn.linear_model import LinearRegression

    rows = numbers()
    short = rows.astype({"a": type_, "b": "float32"})
    checkpoint = learned(short, trainer=air.SklearnTrainer, estimator=LinearRegression())
    here = checkpoint.predict(short)["predictions"].tolist()
    assert by_http(checkpoint, short) == here
    assert checkpoint.predict(short.astype({"a": "float64"}))["predictions"].tolist() == here
    long = learned(rows, trainer=air.SklearnTrainer, estimator=LinearRegression())
    assert by_http(long, short) == long.predict(short)["predictions"].tolist()


def test_whole_numbers_that_come_as_floats_are_whole() -> None:
    rows = numbers().assign(y=lambda frame: (frame["b"] > 4).astype(int))
    words = air.BatchMapper(
        lambda batch: batch.assign(a=0, b=batch["b"].astype(str).map({str(i): i for i in range(9)}))
    )
    checkpoint = learned(rows, words)
    here = checkpoint.predict(rows)["predictions"].tolist()
    for other in (rows.astype({"b": float}), rows.astype({"b": "float32"}), rows.astype({"b": "int8"})):
        assert checkpoint.predict(other)["predictions"].tolist() == by_http(checkpoint, other) == here
    gaps = rows.assign(b=rows["b"].where(rows["b"] > 2))
    assert by_http(checkpoint, gaps) == checkpoint.predict(gaps)["predictions"].tolist()


@pytest.mark.parametrize("trainer", [air.XGBoostTrainer, air.LightGBMTrainer])
@pytest.mark.parametrize("backend", ["pyarrow", "numpy_nullable"])
def test_tables_whose_gaps_are_na_are_as_others(trainer: Any, backend: Any) -> None:
    rows = numbers().assign(b=lambda frame: frame["b"].where(frame["b"] > 2), flag=[True, None, False] * (ROWS // 3))
    nullable = rows.convert_dtypes(dtype_backend=backend)
    plain, other = (learned(each, air.OneHotEncoder(columns=["b"]), trainer=trainer) for each in (rows, nullable))
    assert (other.schema, other.features) == (plain.schema, plain.features)
    assert other.predict(nullable).equals(plain.predict(rows))
    assert by_http(other, nullable) == plain.predict(rows)["predictions"].tolist()


def decks() -> Any:
    """Categories of words and of numbers, in an order of their own, with gaps."""
    rows = numbers()
    deck = pd.Categorical.from_codes(np.arange(ROWS) % 4 - 1, categories=["upper", "lower", "middle"], ordered=True)
    boat = pd.Categorical.from_codes(np.arange(ROWS) % 3 - 1, categories=[30, 10])
    return rows.assign(deck=deck, boat=boat, y=(np.arange(ROWS) % 4 > 1).astype(int))


def test_categories_are_encoded_as_their_values(tmp_path: Path) -> None:
    rows = decks()
    words = rows.assign(deck=rows["deck"].astype(object), boat=rows["boat"].astype(float))
    plain, checkpoint = (learned(each, air.OneHotEncoder(columns=["deck", "boat"])) for each in (words, rows))
    here = plain.predict(words)["predictions"].tolist()
    assert air.load(checkpoint.save(tmp_path / "model")).predict(rows)["predictions"].tolist() == here
    assert by_http(checkpoint, rows) == here
    assert by_http(checkpoint, words) == here
    beside = air.OneHotEncoder(columns=["deck"], output_columns=["decks"]).fit(air.from_pandas(rows))
    assert beside.transform_batch(rows.copy())["deck"].dtype == rows["deck"].dtype


def test_gaps_among_categories_are_filled(tmp_path: Path) -> None:
    rows = decks()
    for fill, last in (("lower", "middle"), ("none", "none")):
        imputer = air.SimpleImputer(columns=["deck"], strategy="constant", fill_value=fill)
        filled = imputer.transform_batch(rows.copy())["deck"]
        assert filled.astype(object).tolist() == rows["deck"].astype(object).where(rows["deck"].notna(), fill).tolist()
        assert (filled.cat.categories[-1], filled.cat.ordered) == (last, True)
    checkpoint = learned(rows, air.SimpleImputer(columns=["deck"], strategy="constant", fill_value="lower"))
    here = checkpoint.predict(rows)["predictions"].tolist()
    assert by_http(checkpoint, rows) == here
    assert air.load(checkpoint.save(tmp_path / "model")).predict(rows)["predictions"].tolist() == here


@pytest.mark.parametrize("trainer", [air.XGBoostTrainer, air.LightGBMTrainer])
def test_categories_of_booleans_are_booleans(trainer: Any) -> None:
    flags = [True, None, False] * (ROWS // 3)
    rows = numbers().assign(flag=pd.Series(flags, dtype="category"))
    plain, checkpoint = (learned(each, trainer=trainer) for each in (rows.assign(flag=flags), rows))
    here = plain.predict(rows.assign(flag=flags))["predictions"].tolist()
    assert checkpoint.predict(rows)["predictions"].tolist() == by_http(checkpoint, rows) == here


def test_categories_that_no_model_takes_are_named() -> None:
    rows = numbers()
    with pytest.raises(air.ColumnUnfit, match=r"column 'a' of data set 'train': it holds categories such as Interval"):
        learned(rows.assign(a=pd.cut(rows["a"], 3)))


def test_a_column_that_is_called_as_an_element_of_a_vector_is_named() -> None:
    rows = numbers().assign(place=[[0.5, float(row)] for row in range(ROWS)], place_1=1.0)
    with pytest.raises(air.ColumnUnfit, match="two columns are called 'place_1'"):
        learned(rows)


def test_the_words_of_texts_are_counted(tmp_path: Path) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    said = ["a good ship", "a bad ship", "good", "no ship at all"] * (ROWS // 4)
    rows = numbers().assign(said=said, y=[1, 0, 1, 0] * (ROWS // 4))
    checkpoint = learned(rows, air.SklearnTransformer(TfidfVectorizer(), columns=["said"]))
    assert "good" in checkpoint.features.kinds
    here = checkpoint.predict(rows)["predictions"].tolist()
    assert by_http(checkpoint, rows) == here
    assert air.load(checkpoint.save(tmp_path / "model")).predict(rows)["predictions"].tolist() == here


def test_decimals_are_numbers(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    from shoal.air.files import ParquetFiles

    rows = numbers().round(2)
    table = pyarrow.Table.from_pandas(rows)
    exact = table.set_column(2, "a", table.column("a").cast(pyarrow.decimal128(20, 2)))
    parquet.write_table(exact, tmp_path / "rows.parquet")
    read = air.read_parquet(tmp_path / "rows.parquet").to_pandas()
    assert read.equals(rows)
    assert next(ParquetFiles.of([str(tmp_path / "rows.parquet")]).batches()).equals(rows)


@pytest.mark.parametrize("trainer", [air.XGBoostTrainer, air.LightGBMTrainer])
def test_sparse_columns_are_as_dense_ones(trainer: Any) -> None:
    rows = numbers().assign(a=lambda frame: frame["a"].where(frame["a"] > 0, 0.0))
    sparse = rows.assign(a=pd.arrays.SparseArray(rows["a"], fill_value=0.0))
    plain, other = learned(rows, trainer=trainer), learned(sparse, trainer=trainer)
    here = plain.predict(rows)["predictions"].tolist()
    for checkpoint in (plain, other):
        assert checkpoint.predict(sparse)["predictions"].tolist() == by_http(checkpoint, sparse) == here
