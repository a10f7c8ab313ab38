"""OneHotEncoder where values are missing, in this process and by Ray Data; text that nobody encodes."""

from pathlib import Path
from typing import Any

import pytest

from air.passengers import passengers
from shoal import air
from shoal.air.dataset import Dataset
from shoal.air.preprocess import fitted, transformed
from shoal.air.stored import decode, encode

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.usefixtures("ray_here")]


def gappy() -> Any:
    import numpy as np
    import pandas as pd

    flags = pd.Series([True, None, False, True], dtype=object)
    return pd.DataFrame({"port": ["S", None, "C", "S"], "deck": [1.0, np.nan, 2.0, 1.0], "flag": flags})


def by_ray(frame: Any) -> Dataset:
    import ray

    return air.from_ray(ray.data.from_pandas(frame))


@pytest.mark.parametrize("held", [air.from_pandas, by_ray])
def test_a_missing_value_is_of_no_category(held: Any, capsys: pytest.CaptureFixture[str]) -> None:
    encoder = fitted(air.OneHotEncoder(columns=["port", "deck"], max_categories={"port": 2}), held(gappy()))
    assert "a missing value in 'deck', 'port' is of no category: zeros" in capsys.readouterr().err
    assert encoder.stats_ == {"unique_values(port)": {"C": 0, "S": 1}, "unique_values(deck)": {1.0: 0, 2.0: 1}}
    rows = transformed(encoder, held(gappy())).to_pandas()
    assert [list(vector) for vector in rows["port"]] == [[0, 1], [0, 0], [1, 0], [0, 1]]
    assert [list(vector) for vector in rows["deck"]] == [[1, 0], [0, 0], [0, 1], [1, 0]]


def test_a_column_that_is_encoded_beside_itself_keeps_its_gaps() -> None:
    encoder = fitted(air.OneHotEncoder(columns=["flag"], output_columns=["flags"]), air.from_pandas(gappy()))
    rows = transformed(encoder, air.from_pandas(gappy())).to_pandas()
    assert [list(vector) for vector in rows["flags"]] == [[0, 1], [0, 0], [1, 0], [0, 1]]
    assert rows["flag"].isna().tolist() == [False, True, False, False]


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_single_row_may_lack_the_value(missing: Any) -> None:
    encoder = fitted(air.OneHotEncoder(columns=["port"]), air.from_pandas(gappy()))
    rows = transformed(encoder, air.from_pandas(gappy().head(1).assign(port=missing))).to_pandas()
    assert list(rows["port"][0]) == [0, 0]


def test_rays_own_is_kept_too() -> None:
    from ray.data.preprocessors import OneHotEncoder

    encoder = fitted(OneHotEncoder(columns=["port"]), air.from_pandas(gappy().dropna()))
    kept = decode(encode(encoder), trust_code=False)
    assert type(kept) is air.OneHotEncoder
    assert kept.stats_ == encoder.stats_


def test_the_script_that_air_was_asked_for_runs_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = passengers(200).assign(alive=lambda rows: rows["survived"].map({0: "no", 1: "yes"}), deck=None)
    assert frame["embarked"].isna().any()
    dataset = air.from_pandas(frame.assign(deck=frame["sex"].where(frame.index > 100)))
    imputer = air.SimpleImputer(columns=["age"], strategy="mean")
    dataset = imputer.fit_transform(dataset)
    train, valid = dataset.train_test_split(0.25, seed=0)
    trainer = air.XGBoostTrainer(
        label_column="survived",
        params={"objective": "binary:logistic"},
        preprocessor=air.Chain(imputer, air.OneHotEncoder(columns=["sex", "embarked"])),
        scaling=air.Scaling(workers=1),
        datasets={"train": train, "valid": valid},
    )
    kept = air.load(trainer.fit().checkpoint.save(tmp_path / "model"))
    assert "left aside, as no preprocessor reads this text: alive, deck" in capsys.readouterr().err
    assert list(kept.schema.kinds) == ["pclass", "sex", "age", "fare", "embarked"]
    predictions = air.BatchPredictor(kept).predict(dataset, keep_columns=["alive"])
    assert predictions.columns == ["alive", "predictions"]
    assert air.verify(kept, dataset) == {"in-process": 200, "batch": 200}


def test_text_is_no_business_of_ours_where_a_function_may_read_it() -> None:
    def length(rows: Any) -> Any:
        return rows.assign(sex=rows["sex"].str.len()).drop(columns=["embarked"])

    trainer = air.XGBoostTrainer(
        label_column="survived",
        preprocessor=air.BatchMapper(length),
        datasets={"train": air.from_pandas(passengers(50))},
        scaling=air.Scaling(cpus_per_worker=1),
    )
    assert "sex" in trainer.fit().checkpoint.schema.kinds
