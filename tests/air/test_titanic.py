"""The example titanic.py learns what pandas and xgboost alone learn from the same file, to the last digit."""

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

from shoal import air

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.usefixtures("ray_here")]
EXAMPLE = Path(__file__).parents[2] / "examples/air/titanic.py"
PASSENGERS = EXAMPLE.with_name("passengers.csv")
ELSEWHERE = pytest.param(
    os.environ.get("SHOAL_TITANIC", ""),
    id="titanic.csv",
    marks=pytest.mark.skipif("SHOAL_TITANIC" not in os.environ, reason="SHOAL_TITANIC names no titanic.csv"),
)
PARAMS = {"objective": "binary:logistic", "eval_metric": ["logloss", "auc", "error"]}


def trainer_of_the_example(path: str) -> air.XGBoostTrainer:
    spec = importlib.util.spec_from_file_location("titanic", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    trainer: air.XGBoostTrainer = example.trainer_of(air.read_csv(path))
    return trainer


def by_hand(frame: Any, age: float, port: str) -> Any:
    """The columns that a model can learn from."""
    import pandas as pd

    ports = frame["embarked"].fillna(port)
    columns = {
        "pclass": frame["pclass"],
        **{f"sex_{value}": (frame["sex"] == value).astype(int) for value in ("female", "male")},
        "age": frame["age"].fillna(age),
        **{name: frame[name] for name in ("sibsp", "parch", "fare")},
        **{f"embarked_{value}": (ports == value).astype(int) for value in "CQS"},
    }
    return pd.DataFrame(columns)


def scores(labels: Any, predicted: Any) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, roc_auc_score

    return {"accuracy": accuracy_score(labels, predicted > 0.5), "auc": roc_auc_score(labels, predicted)}


def raw(path: str) -> tuple[dict[str, float], dict[str, float]]:
    """What xgboost measured in its last round, and accuracy and AUC on the rows that were held back."""
    import pandas as pd
    import xgboost
    from sklearn.model_selection import train_test_split

    train, valid = train_test_split(pd.read_csv(path), test_size=0.25, random_state=0)
    age, port = train["age"].mean(), train["embarked"].mode()[0]
    sets = {
        name: xgboost.DMatrix(by_hand(part, age, port), label=part["survived"])
        for name, part in {"train": train, "valid": valid}.items()
    }
    measured: dict[str, dict[str, list[float]]] = {}
    evals = [(matrix, name) for name, matrix in sets.items()]
    booster = xgboost.train(PARAMS, sets["train"], 100, evals=evals, evals_result=measured, verbose_eval=False)
    last = {f"{name}-{metric}": values[-1] for name, found in measured.items() for metric, values in found.items()}
    return last, scores(valid["survived"], booster.predict(sets["valid"]))


@pytest.mark.parametrize("path", [pytest.param(str(PASSENGERS), id="passengers.csv"), ELSEWHERE])
def test_accuracy_and_auc_are_those_of_pandas_and_xgboost(path: str) -> None:
    trainer = trainer_of_the_example(path)
    result = trainer.fit()
    metrics, measured = raw(path)
    assert result.metrics == metrics
    predicted = air.BatchPredictor(result.checkpoint).predict(trainer.datasets["valid"], keep_columns=["survived"])
    frame = predicted.to_pandas()
    assert scores(frame["survived"], frame["predictions"]) == measured
    assert measured["auc"] > 0.6
