"""Rows of Parquet files stay where they are until they are learned from, and then as if they had been in one table."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from shoal import air
from shoal.air import read
from shoal.air.features import AllAlike
from shoal.air.files import ParquetFiles
from shoal.air.frameworks.xgboost import XGBoost
from shoal.air.stream import Stream

pytestmark = pytest.mark.air
ROWS = 600


def rows() -> Any:
    random = np.random.default_rng(3)
    frame = pd.DataFrame(random.standard_normal((ROWS, 3), dtype=np.float32), columns=["a", "b", "c"])
    return frame.assign(whole=np.arange(ROWS) % 7, y=(frame["a"] + frame["b"] > 0).astype("int8"), unused="words")


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """The rows in three files."""
    for number in range(3):
        rows()[number * 200 : number * 200 + 200].to_parquet(tmp_path / f"{number}.parquet", index=False)
    return [str(tmp_path / f"{number}.parquet") for number in range(3)]


@pytest.fixture
def batches_of_150(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoal.air.files.BATCH_BYTES", 150 * 5 * 8)
    monkeypatch.setattr("shoal.air.stream.SAMPLE_ROWS", 100)


def stream(paths: list[str], room: int = 0) -> Stream:
    files = ParquetFiles.of(paths).only(["a", "b", "c", "whole", "y"])
    made = Stream.of(files, None, "y", "train", room)
    assert made is not None
    return made


@pytest.mark.usefixtures("batches_of_150")
@pytest.mark.parametrize(("room", "reads"), [(ROWS * 4 * 4, 1), (ROWS * 4 * 4 - 1, 4)])
def test_a_model_of_batches_is_that_of_one_table(
    paths: list[str], room: int, reads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for the rows they are read once, and otherwise as often as XGBoost asks for them."""
    import xgboost

    passes: list[AllAlike] = []
    monkeypatch.setattr(AllAlike, "refuse", lambda self: passes.append(self))
    settings = {"params": {"objective": "binary:logistic", "eval_metric": "logloss"}, "num_boost_round": 5}
    learned = XGBoost().learn({"train": stream(paths, room).read()}, settings, 1)  # type: ignore[dict-item]
    assert len(passes) == reads
    frame = rows()
    matrix = xgboost.DMatrix(frame[["a", "b", "c", "whole"]], frame["y"])
    raw = xgboost.train(settings["params"], matrix, 5, verbose_eval=False)
    assert learned.model.predict(matrix, validate_features=False).tolist() == raw.predict(matrix).tolist()
    assert learned.model.feature_names == ["a", "b", "c", "whole"]
    assert len(learned.curves["train-logloss"]) == 5


def test_columns_that_nobody_asks_for_are_never_read(paths: list[str]) -> None:
    """Bytes of such a column are damaged: whoever read it would fail."""
    from pyarrow import parquet

    for path in paths:
        chunk = parquet.read_metadata(path).row_group(0).column(5)
        assert chunk.path_in_schema == "unused"
        with Path(path).open("r+b") as file:
            file.seek(chunk.dictionary_page_offset)
            file.write(b"\xff" * chunk.total_compressed_size)
    with pytest.raises(OSError, match=r"unused|Snappy|page|decompress|Deserial"):
        list(ParquetFiles.of(paths).batches())
    needed = air.Dataset(files=ParquetFiles.of(paths)).drop_columns(["unused"])
    assert needed.head(450).to_pandas()["a"].tolist() == rows()["a"][:450].tolist()
    assert needed.count() == ROWS


@pytest.mark.usefixtures("batches_of_150")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y": 1}, "column 'y' of data set 'train': every label is 1: there is nothing to tell apart"),
        ({"b": np.nan}, "column 'b' of data set 'train': it holds nothing at all"),
        ({"c": [0.0] * 430 + [np.inf] + [0.0] * 169}, "column 'c' of data set 'train', rows 300 to 449 (row 0 is the"),
    ],
)
def test_what_is_wrong_is_told_by_column(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "wrong.parquet"
    rows().assign(**change).to_parquet(path, index=False)
    with pytest.raises(air.ColumnUnfit) as caught:
        list(stream([str(path)]).tables())
    assert said in str(caught.value)


def test_of_large_files_a_part_is_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow

    monkeypatch.setattr("shoal.air.files.BATCH_BYTES", 10_000 * 4 * 8)
    path = tmp_path / "large.parquet"
    frame = pd.concat([rows()] * 500, ignore_index=True)[["a", "b", "c", "y"]]
    frame.to_parquet(path, index=False, row_group_size=10_000)
    made = Stream.of(ParquetFiles.of([str(path)]), None, "y", "train", 0)
    assert made is not None
    before, held, seen = pyarrow.total_allocated_bytes(), [], 0
    for table in made.tables():
        held.append(pyarrow.total_allocated_bytes() - before)
        seen += len(table.features)
    assert seen == len(frame)
    assert max(held) < frame.memory_usage(index=False).sum() / 2


@pytest.mark.usefixtures("batches_of_150")
@pytest.mark.parametrize("options", [{}, {"seed": 5}, {"shuffle": True}, {"seed": 5, "shuffle": False}])
def test_a_split_has_every_row_once_and_reads_none_now(paths: list[str], options: dict[str, Any]) -> None:
    whole = air.Dataset(files=ParquetFiles.of(paths))
    train, test = whole.train_test_split(0.25, **options)
    assert (train.count(), test.count()) == (450, 150)
    read = [pd.concat(list(part.files.batches()))["a"].tolist() for part in (train, test) if part.files]
    assert [len(part) for part in read] == [450, 150], "both are still files"
    assert sorted(read[0] + read[1]) == sorted(rows()["a"])
    assert (read[1] == rows()["a"][450:].tolist()) == (options.get("shuffle", "seed" in options) is False)
    assert [each for each in rows()["a"] if each in set(read[0])] == read[0], "rows keep their order"
    assert test.head(7).to_pandas()["a"].tolist() == read[1][:7]


def test_a_part_can_be_split_again_and_a_seed_draws_the_same_rows(paths: list[str]) -> None:
    whole = air.Dataset(files=ParquetFiles.of(paths))

    def thirds(seed: int) -> list[list[float]]:
        train, rest = whole.train_test_split(400, seed=seed)
        valid, test = rest.train_test_split(0.5, seed=seed)
        files = [part.drop_columns(["b", "unused"]).files for part in (train, valid, test)]
        return [pd.concat(list(each.batches()))["a"].tolist() for each in files if each]

    assert list(map(len, thirds(1))) == [200, 200, 200]
    assert sorted(each for part in thirds(1) for each in part) == sorted(rows()["a"])
    assert thirds(1) == thirds(1) != thirds(2)


@pytest.mark.parametrize("size", [600, 601])
def test_a_part_without_rows_is_refused(paths: list[str], size: int) -> None:
    with pytest.raises(air.DatasetEmpty, match="600 rows can't be split into two parts"):
        air.Dataset(files=ParquetFiles.of(paths)).train_test_split(size)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("ray_here")
def test_large_files_are_learned_from_and_predicted_for_by_their_needed_columns(
    paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "SMALL_BYTES", 1)
    large = air.read_parquet(Path(paths[0]).parent).drop_columns(["unused"])
    assert not large.is_small
    trained = []
    for held in (large, air.Dataset(frame=rows().drop(columns="unused"))):
        params = {"objective": "binary:logistic", "eval_metric": "logloss"}
        scaler = air.StandardScaler(columns=["a", "whole"])
        trainer = air.XGBoostTrainer(
            label_column="y", params=params, preprocessor=scaler, datasets={"train": held, "again": held}
        )
        trained.append(trainer.fit())
    by_files, here = trained
    assert by_files.metrics == pytest.approx(here.metrics, rel=1e-6)
    assert by_files.checkpoint.features == here.checkpoint.features
    for part in (large, *large.train_test_split(0.25, seed=1)):
        assert part.files is not None
        here = pd.concat(list(part.files.batches()), ignore_index=True)
        predicted = air.BatchPredictor(by_files.checkpoint).predict(part, keep_columns=["y"]).to_pandas()
        assert predicted["predictions"].tolist() == by_files.checkpoint.predict(here)["predictions"].tolist()
        assert predicted["y"].tolist() == here["y"].tolist()
