"""What a trainer learns is what the framework alone would learn from the same rows."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from air.passengers import passengers
from shoal import air
from shoal.air import execute
from shoal.air.frameworks.base import Table

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.usefixtures("ray_here")]
PARAMS = {"objective": "binary:logistic", "eval_metric": ["logloss", "auc", "error"], "max_depth": 4}
ROUNDS = 30
SEED = 7


def raw_features(frame: Any, age: float, port: str) -> Any:
    """The features as one writes them by hand."""
    import pandas as pd

    plain = frame.drop(columns=["survived", "sex", "embarked"]).fillna({"age": age})
    sexes = [(frame["sex"] == value).astype("uint8").rename(f"sex_{value}") for value in ("female", "male")]
    embarked = frame["embarked"].fillna(port)
    ports = [(embarked == value).astype("uint8").rename(f"embarked_{value}") for value in "CQS"]
    return pd.concat([plain, *sexes, *ports], axis=1)


def raw_metrics(frame: Any) -> dict[str, float]:
    """pandas, scikit-learn's split and xgboost, with nothing of ours."""
    import xgboost
    from sklearn.model_selection import train_test_split

    train, valid = train_test_split(frame, test_size=0.25, random_state=SEED)
    age, port = train["age"].mean(), train["embarked"].mode()[0]
    order = [*train.columns.drop(["survived", "sex", "embarked"]), *"01234"]
    parts = {}
    for name, part in {"train": train, "valid": valid}.items():
        features = raw_features(part, age, port)
        parts[name] = xgboost.DMatrix(features.set_axis(order, axis=1), label=part["survived"])
    measured: dict[str, dict[str, list[float]]] = {}
    evals = [(matrix, name) for name, matrix in parts.items()]
    xgboost.train(PARAMS, parts["train"], ROUNDS, evals=evals, evals_result=measured, verbose_eval=False)
    return {f"{name}-{metric}": values[-1] for name, found in measured.items() for metric, values in found.items()}


def trainer(frame: Any, **changes: Any) -> air.XGBoostTrainer:
    train, valid = air.from_pandas(frame).train_test_split(0.25, seed=SEED)
    given: dict[str, Any] = {
        "label_column": "survived",
        "num_boost_round": ROUNDS,
        "params": PARAMS,
        "preprocessor": air.Chain(
            air.SimpleImputer(columns=["age"], strategy="mean"),
            air.SimpleImputer(columns=["embarked"], strategy="most_frequent"),
            air.OneHotEncoder(columns=["sex", "embarked"]),
        ),
        "datasets": {"train": train, "valid": valid},
    }
    return air.XGBoostTrainer(**(given | changes))


def test_accuracy_and_auc_are_those_of_pandas_and_xgboost_alone() -> None:
    frame = passengers()
    frame = frame[[*frame.columns.drop(["sex", "embarked"]), "sex", "embarked"]]  # raw code puts its columns last
    assert trainer(frame).fit().metrics == raw_metrics(frame)


def test_a_preprocessor_alone_fits_and_transforms_a_data_set() -> None:
    frame = passengers(50)
    imputer, encoder = air.SimpleImputer(columns=["age"], strategy="mean"), air.OrdinalEncoder(columns=["sex"])
    made = encoder.fit_transform(imputer.fit_transform(air.from_pandas(frame)))
    assert isinstance(made, air.Dataset)
    filled = frame["age"].fillna(frame["age"].mean()).tolist()
    assert made.to_pandas()["age"].tolist() == pytest.approx(filled)
    assert made.to_pandas()["sex"].tolist() == (frame["sex"] == "male").astype(int).tolist()


def test_a_trainer_and_its_preprocessor_are_not_changed_by_training() -> None:
    built = trainer(passengers())
    built.fit()
    assert built.preprocessor.fit_status().value == "NOT_FITTED"
    assert built.fit().metrics == built.fit().metrics


def test_a_clone_has_the_same_parameters_and_shares_the_rows() -> None:
    from sklearn.base import clone

    built = trainer(passengers(), scaling=air.Scaling(cpus_per_worker=1))
    copied = clone(built)
    assert copied.datasets["train"] is built.datasets["train"]
    assert copied.get_params()["scaling__cpus_per_worker"] == 1
    assert copied.set_params(scaling__cpus_per_worker=2).scaling.cpus_per_worker == 2
    assert built.scaling is not None
    assert built.scaling.cpus_per_worker == 1


def test_asking_for_more_than_there_is_says_so_instead_of_waiting() -> None:
    with pytest.raises(air.SettingInvalid, match="no room for one worker of 64 CPU"):
        trainer(passengers(), scaling=air.Scaling(cpus_per_worker=64)).fit()


def test_training_that_waits_for_what_others_hold_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import ray

    class Served:
        def is_up(self) -> bool:
            return True

    monkeypatch.setattr(execute, "PATIENCE_S", 1.0)
    served = ray.remote(num_cpus=1)(Served).remote()
    assert ray.get(served.is_up.remote())
    with ThreadPoolExecutor(1) as pool:
        training = pool.submit(trainer(passengers(), scaling=air.Scaling(cpus_per_worker=2)).fit)
        with pytest.raises(TimeoutError):
            training.result(3)
        ray.kill(served)
        assert training.result(60).metrics
    assert "and others hold 1 CPU: `ray status` tells who" in capsys.readouterr().err


def test_more_workers_than_a_framework_can_train_with_are_refused() -> None:
    from sklearn.tree import DecisionTreeClassifier

    rows = air.from_pandas(passengers()[["survived", "fare"]])
    given: dict[str, Any] = {"label_column": "survived", "datasets": {"train": rows}}
    two = air.Scaling(workers=2)
    with pytest.raises(air.SettingInvalid, match=r"Scaling\(workers=2\): lightgbm trains with one worker"):
        air.LightGBMTrainer(**given, scaling=two).fit()
    with pytest.raises(air.SettingInvalid, match=r"Scaling\(workers=2\): sklearn trains with one worker"):
        air.SklearnTrainer(**given, estimator=DecisionTreeClassifier(), scaling=two).fit()


@pytest.mark.parametrize("kind", [air.XGBoostTrainer, air.LightGBMTrainer])
def test_what_is_measured_may_have_its_columns_in_another_order(kind: Any) -> None:
    frame = passengers()[["survived", "pclass", "fare"]]
    params = {"objective": "binary:logistic" if kind is air.XGBoostTrainer else "binary"}
    turned = frame[["fare", "survived", "pclass"]].assign(more="aside")
    given: dict[str, Any] = {"label_column": "survived", "params": params}
    rows = {"train": air.from_pandas(frame), "valid": air.from_pandas(turned)}
    metrics = list(kind(**given, datasets=rows).fit().metrics.values())
    assert metrics[0] == metrics[1]
    lacking = rows | {"valid": air.from_pandas(turned.drop(columns=["fare"]))}
    with pytest.raises(air.ColumnUnknown, match="data set 'valid': there is no column 'fare'"):
        kind(**given, datasets=lacking).fit()


def test_objects_that_are_numbers_or_booleans_with_gaps_are_learned_from_and_predicted_for() -> None:
    frame = passengers()[["survived", "fare"]].assign(crew=[True, None, False, True] * 100)
    checkpoint = trainer(frame, preprocessor=None).fit().checkpoint
    rows = [{"fare": 7.5, "crew": crew} for crew in (True, False, None)]
    alone = [float(checkpoint.predict([row])["predictions"].iloc[0]) for row in rows]
    assert checkpoint.predict(rows)["predictions"].tolist() == alone


def test_a_vector_that_is_missing_is_named() -> None:
    frame = passengers(50)[["survived"]].assign(place=[[1.0, 2.0]] * 49 + [None])
    with pytest.raises(
        air.ColumnUnfit, match="column 'place' of data set 'train': expected a vector of 2, got None in row 49"
    ):
        trainer(frame, preprocessor=None, datasets={"train": air.from_pandas(frame)}).fit()


@pytest.mark.parametrize(("rows", "test_size"), [(2, 0.9), (60, 0.999), (1, 0.5), (5, 5)])
def test_a_part_without_rows_is_refused(rows: int, test_size: float) -> None:
    with pytest.raises(air.DatasetEmpty, match=f"{rows} rows can't be split"):
        air.from_pandas(passengers(rows)).train_test_split(test_size, seed=0)


def test_a_share_of_an_array_is_one_as_that_of_a_table() -> None:
    import numpy as np

    numbers = np.arange(10).reshape(5, 2)
    part = Table(numbers, numbers[:, 0]).share(1, 2)
    assert (part.features == numbers[[1, 3]]).all()
    assert part.label.tolist() == [2, 6]


def test_what_the_framework_refuses_is_told_in_its_words() -> None:
    with pytest.raises(air.TrainingFailed, match=r"xgboost refused: .*no-such-thing"):
        trainer(passengers(), params={"objective": "no-such-thing"}).fit()


def test_a_trainer_of_ones_own_is_made_as_the_page_says(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs/air.md"
    code = page.read_text().partition("## A trainer of your own")[2].split("```python\n")[1].split("```")[0]
    made: dict[str, Any] = {}
    exec(code, made)
    rows = air.from_pandas(passengers()[["survived", "pclass"]])
    result = made["MeanTrainer"](label_column="survived", datasets={"train": rows}, offset=0.25).fit()
    loaded = air.load(result.checkpoint.save(tmp_path / "model"), framework=made["Mean"]())
    expected = passengers()["survived"].mean() + 0.25
    assert loaded.predict(rows)["predictions"].unique().tolist() == [expected]
    assert len(code.splitlines()) < 60
