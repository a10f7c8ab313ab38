"""Columns of every kind are learned from, and predicted for in the same way everywhere."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from air.passengers import passengers
from air.posting import post
from shoal import air

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("ray_here")]

DECKS = ["upper", "lower", "middle"]


def columns(rows: int = 120, seed: int = 0) -> Any:
    """Categories of words and of numbers with gaps, vectors, whole numbers, and a column that is called 7."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    deck = pd.Categorical.from_codes(rng.integers(-1, 3, rows), categories=DECKS)
    made = passengers(rows, seed)[["survived", "pclass", "fare"]].assign(deck=deck)
    made["boat"] = pd.Categorical.from_codes(rng.integers(-1, 2, rows), categories=[30, 10])
    made["place"] = list(rng.normal(size=(rows, 3)))
    made["survived"] = ((made["deck"].cat.codes + made["pclass"] + made["boat"].cat.codes) % 2).astype(int)
    return made.rename(columns={"fare": 7})


DIGITS = air.BatchMapper(lambda frame: frame.assign(pclass=frame["pclass"].astype(str).map({"1": 0, "2": 1, "3": 2})))
"""Knows whole numbers, as "1", and no others, as "1.0"."""


def learned(*steps: Any, frame: Any = None) -> air.Checkpoint:
    train = columns() if frame is None else frame
    trainer = air.XGBoostTrainer(
        label_column="survived",
        params={"objective": "binary:logistic"},
        preprocessor=air.Chain(*steps) if steps else None,
        datasets={"train": air.from_pandas(train)},
        scaling=air.Scaling(cpus_per_worker=1),
    )
    return trainer.fit().checkpoint


@pytest.fixture(scope="module")
def checkpoint(ray_here: None) -> air.Checkpoint:
    return learned(DIGITS)


@pytest.fixture(scope="module")
def plain(ray_here: None) -> air.Checkpoint:
    return learned()


@pytest.fixture(scope="module")
def deployment(plain: air.Checkpoint) -> Iterator[air.Deployment]:
    yield air.deploy(plain, name="plain").wait()
    air.undeploy("plain")


ROW = {"pclass": 1, "7": 80.5, "deck": "upper", "boat": 10, "place": [0.5, 1, 2]}


def test_they_are_predicted_alike_in_all_three_ways(
    checkpoint: air.Checkpoint, plain: air.Checkpoint, deployment: air.Deployment
) -> None:
    import pandas as pd

    rows = columns(60, seed=3)
    assert air.verify(plain, rows, deployment=deployment) == {"in-process": 60, "batch": 60, "served": 60}
    mapped = air.deploy(checkpoint, name="mapped").wait()
    served = [post(mapped.url, {**ROW, "pclass": pclass})[1]["predictions"] for pclass in (1, 2, 3)]
    here = pd.DataFrame([{**ROW, "pclass": pclass} for pclass in (1, 2, 3)])
    assert [row for each in served for row in each] == checkpoint.predict(here)["predictions"].tolist()
    air.undeploy("mapped")


def test_whole_numbers_are_whole_beside_requests_with_others(checkpoint: air.Checkpoint) -> None:
    from shoal.air.served import Served, predictions

    served = Served(checkpoint, 64, 0.0, "")
    requests = [[ROW], [ROW | {"pclass": 2.5}], [ROW | {"pclass": 3}], [ROW | {"pclass": None}]]
    alone = [predictions(served.predictor, rows) for rows in requests]
    assert served._answers(requests) == alone


def test_categories_in_another_order_or_as_words_are_the_same(plain: air.Checkpoint, tmp_path: Path) -> None:
    rows = columns(60, seed=4)
    wanted = plain.predict(rows)
    turned = rows.assign(
        deck=rows["deck"].cat.set_categories(["cellar", *sorted(DECKS)]), boat=rows["boat"].astype(float)
    )
    words = rows.assign(deck=rows["deck"].astype(object), boat=rows["boat"].astype(object))
    kept = air.load(plain.save(tmp_path / "model"))
    assert (kept.schema, kept.features) == (plain.schema, plain.features)
    for each in (turned, words, words.astype({"deck": "category"})):
        assert plain.predict(each).equals(wanted)
        assert kept.predict(each).equals(wanted)


def test_a_category_that_training_never_saw_is_a_missing_one(plain: air.Checkpoint, deployment: air.Deployment) -> None:
    missing = post(deployment.url, ROW | {"deck": None})
    assert missing[0] == 200
    assert post(deployment.url, ROW | {"deck": "cellar"}) == missing
    assert plain.predict([ROW | {"deck": "cellar"}])["predictions"].tolist() == missing[1]["predictions"]


def test_what_is_no_category_or_no_such_vector_is_named(deployment: air.Deployment) -> None:
    bad = [
        ROW,
        ROW | {"deck": 3, "boat": "10"},
        ROW | {"place": [1, 2, 3, 4]},
        ROW | {"place": [1]},
        ROW | {"place": 2},
    ]
    assert post(deployment.url, bad) == (
        422,
        {
            "detail": [
                {"loc": ["body", 1, "deck"], "msg": "expected text, got 3"},
                {"loc": ["body", 1, "boat"], "msg": "expected number, got '10'"},
                {"loc": ["body", 2, "place"], "msg": "expected a vector of 3, got one of 4"},
                {"loc": ["body", 3, "place"], "msg": "expected a vector of 3, got one of 1"},
                {"loc": ["body", 4, "place"], "msg": "expected a vector of 3, got 2"},
            ]
        },
    )
    with urlopen(f"{deployment.url}/schema") as told:
        fields = json.load(told)["properties"]
    assert fields["deck"] == {"type": ["string", "null"]}
    assert fields["place"] == {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}


@pytest.mark.parametrize("length", [2, 4])
def test_vectors_of_another_length_are_refused_by_row(plain: air.Checkpoint, length: int) -> None:
    from ray import data

    rows = columns(5)
    rows["place"] = [*rows["place"][:3], [0.5] * length, rows["place"][4]]
    says = rf"column 'place' of rows to predict for: expected a vector of 3, got one of {length} in row 3"
    with pytest.raises(air.ColumnUnfit, match=says):
        plain.predict(rows)
    with pytest.raises(air.ColumnUnfit, match=says):
        air.BatchPredictor(plain).predict(air.from_pandas(rows))
    predicted = air.BatchPredictor(plain).predict(air.from_ray(data.from_pandas(rows.rename(columns=str))))
    with pytest.raises(Exception, match=says):
        predicted.to_pandas()


@pytest.mark.parametrize("trainer", [air.LightGBMTrainer, air.XGBoostTrainer])
def test_data_sets_to_measure_on_have_the_categories_of_training(trainer: Any) -> None:
    train, valid = columns(), columns(seed=1)
    turned = valid.assign(deck=valid["deck"].cat.set_categories(sorted(DECKS)))
    objective = {air.LightGBMTrainer: "binary", air.XGBoostTrainer: "binary:logistic"}[trainer]
    results = [
        trainer(
            label_column="survived",
            params={"objective": objective},
            num_boost_round=5,
            datasets={"train": air.from_pandas(train), "valid": air.from_pandas(each)},
            scaling=air.Scaling(cpus_per_worker=1),
        ).fit()
        for each in (valid, turned)
    ]
    assert results[0].metrics == results[1].metrics
    assert results[0].checkpoint.predict(valid).equals(results[0].checkpoint.predict(turned))


def test_categories_that_ray_data_holds_are_learned_from_and_predicted_for() -> None:
    from ray import data

    rows = columns().rename(columns=str)
    held = air.from_ray(data.from_pandas([rows[:60], rows[60:]]))
    trainer = air.XGBoostTrainer(
        label_column="survived", datasets={"train": held}, scaling=air.Scaling(cpus_per_worker=1)
    )
    checkpoint = trainer.fit().checkpoint
    words = rows.assign(deck=rows["deck"].astype(object), boat=rows["boat"].astype(object))
    assert checkpoint.predict(words).equals(checkpoint.predict(rows))
    assert checkpoint.predict([ROW])["predictions"].notna().all()
