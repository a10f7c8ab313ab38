"""A tuner tries what its space says, keeps a row a trial, and gives the best."""

from typing import Any

import pytest

from air.passengers import passengers
from shoal import air
from shoal.air.search import better

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.usefixtures("ray_here")]


def trainer(kind: Any = air.XGBoostTrainer, **changes: Any) -> Any:
    rows = air.from_pandas(passengers().drop(columns=["sex", "embarked"]).dropna())
    train, valid = rows.train_test_split(0.25, seed=0)
    params = {"objective": "binary:logistic", "eval_metric": "logloss"}
    given: dict[str, Any] = {"label_column": "survived", "datasets": {"train": train, "valid": valid}}
    return kind(**(given | {"params": params} | changes))


def test_random_trials_are_repeated_by_their_seed_and_the_best_is_the_best() -> None:
    space = {"params": {"max_depth": air.randint(1, 4), "eta": air.loguniform(1e-2, 0.5)}}
    tuned, again = (air.Tuner(trainer(), space, metric="valid-logloss", num_samples=5, seed=1).fit() for _ in range(2))
    table = tuned.to_pandas()
    assert len(table) == 5
    assert set(table["params.max_depth"]) <= {1, 2, 3}
    assert list(table["valid-logloss"]) == list(again.to_pandas()["valid-logloss"])
    assert tuned.best().metrics["valid-logloss"] == table["valid-logloss"].min()
    assert tuned.best().checkpoint.settings["params"]["objective"] == "binary:logistic"


def test_a_grid_is_tried_whole() -> None:
    space = {"num_boost_round": air.grid_search([1, 5]), "params": {"max_depth": air.grid_search([1, 3])}}
    tuned = air.Tuner(trainer(), space, metric="valid-logloss", num_samples=1).fit()
    tried = tuned.to_pandas()[["num_boost_round", "params.max_depth"]].to_numpy().tolist()
    assert sorted(tried) == [[1, 1], [1, 3], [5, 1], [5, 3]]


def test_optuna_learns_from_trials_to_make_a_metric_large() -> None:
    space = {"params": {"max_depth": air.randint(1, 4), "eval_metric": air.choice(["auc"])}}
    tuned = air.Tuner(trainer(), space, metric="valid-auc", num_samples=4, search="optuna", seed=0).fit()
    assert tuned.best().metrics["valid-auc"] == tuned.to_pandas()["valid-auc"].max()


@pytest.mark.parametrize(
    ("metrics", "mode"),
    [
        (
            "logloss rmse mae error@0.4 mlogloss aft-nloglik tweedie-nloglik@1.5 binary_logloss l2 cross_entropy loss",
            "min",
        ),
        (
            "auc aucpr ndcg@5 map@3- ndcg- average_precision score interval-regression-accuracy episode_return_mean",
            "max",
        ),
        ("los mine", None),
    ],
)
def test_a_metrics_name_says_whether_it_is_to_become_small_or_large(metrics: str, mode: str | None) -> None:
    assert {better(f"valid-{metric}") for metric in metrics.split()} == {mode}


def test_a_trial_that_fails_is_kept_with_its_error_and_the_others_go_on() -> None:
    space = {"params": {"max_depth": air.grid_search([2, -3])}}
    table = air.Tuner(trainer(), space, metric="valid-logloss", num_samples=1).fit().to_pandas()
    assert table["error"].str.startswith("xgboost refused").tolist() == [False, True]


@pytest.mark.parametrize(
    ("space", "metric", "words"),
    [
        ({"depth": air.randint(1, 3)}, "valid-logloss", "names 'depth', which is no setting of XGBoostTrainer"),
        ({"params": {"eta": air.uniform(1, 0)}}, "valid-logloss", r"search space, 'params.eta'"),
        ({"params": {"max_depth": air.randint(1, 3)}}, "valid-rmse", "there is no metric 'valid-rmse'"),
        (
            {"params": {"max_depth": air.randint(1, 3)}},
            "valid-los",
            "'valid-los' is to become small or large isn't known",
        ),
    ],
)
def test_what_can_not_be_searched_is_named(space: dict[str, Any], metric: str, words: str) -> None:
    with pytest.raises(air.SettingInvalid, match=words):
        air.Tuner(trainer(), space, metric=metric, num_samples=1).fit()


def test_the_words_of_ray_tune_are_understood() -> None:
    from ray import tune

    from shoal.air.search import Choice, Real, Whole, flat

    said = {"a": tune.loguniform(0.1, 1), "b": {"c": tune.randint(1, 5), "d": tune.grid_search([1, 2])}}
    expected = {("a",): Real(0.1, 1, log=True), ("b", "c"): Whole(1, 4), ("b", "d"): Choice((1, 2), every=True)}
    assert flat(said) == expected


def test_lightgbm_and_scikit_learn_train_predict_and_are_kept_as_the_others(tmp_path: Any) -> None:
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(n_estimators=5, random_state=0)
    boosted = trainer(air.LightGBMTrainer, params={"objective": "binary", "metric": "auc"}, num_boost_round=5)
    grown = trainer(air.SklearnTrainer, estimator=forest, params={"max_depth": 3}, scoring="accuracy")
    rows = passengers(20, seed=9)
    for built, metrics in ((boosted, {"train-auc", "valid-auc"}), (grown, {"train-score", "valid-score"})):
        result = built.fit()
        loaded = air.load(result.checkpoint.save(tmp_path / type(built).__name__))
        assert set(result.metrics) == metrics
        assert list(loaded.predict(rows)["predictions"]) == list(result.checkpoint.predict(rows)["predictions"])


def test_early_stopping_predicts_with_the_best_round() -> None:
    result = trainer(num_boost_round=200, early_stopping_rounds=5).fit()
    curve = result.curves["valid-logloss"]
    assert result.metrics["valid-logloss"] == min(curve)
    assert len(curve) == curve.index(min(curve)) + 1 + 5


def test_asha_ends_trials_that_are_behind_and_the_best_is_not_among_them() -> None:
    space = {"params": {"eta": air.grid_search([0.3, 1e-5, 1e-6, 1e-7])}}
    for kind, params in (
        (air.XGBoostTrainer, {"objective": "binary:logistic", "eval_metric": "logloss"}),
        (air.LightGBMTrainer, {"objective": "binary", "metric": "binary_logloss"}),
    ):
        metric = f"valid-{'logloss' if kind is air.XGBoostTrainer else 'binary_logloss'}"
        built = trainer(kind, params=params, num_boost_round=16, scaling=air.Scaling(cpus_per_worker=2))
        tuned = air.Tuner(built, space, metric=metric, num_samples=1, scheduler=air.ASHA(reduction_factor=2)).fit()
        assert [trial.stopped for trial in tuned.trials] == [False, True, True, True]
        assert [len(trial.curves[metric]) for trial in tuned.trials] == [16, 1, 1, 1]
        assert tuned.best().checkpoint.settings["params"]["eta"] == 0.3


def test_asha_is_refused_where_nothing_learns_in_rounds() -> None:
    from sklearn.linear_model import LogisticRegression

    built = trainer(air.SklearnTrainer, estimator=LogisticRegression(), params={})
    tuner = air.Tuner(built, {"params": {"C": air.uniform(0.1, 1)}}, metric="valid-score", scheduler=air.ASHA())
    with pytest.raises(air.SettingInvalid, match="scheduler: sklearn doesn't learn in rounds"):
        tuner.fit()


def test_curves_importance_and_trials_are_plotted_and_shown_as_html() -> None:
    pytest.importorskip("matplotlib")
    built = trainer(num_boost_round=3)
    tuned = air.Tuner(
        built, {"params": {"max_depth": air.grid_search([1, -3, 3])}}, metric="valid-logloss", num_samples=1
    ).fit()
    curves, importance = tuned.best().plot().axes
    assert [list(line.get_ydata()) for line in curves.lines] == list(tuned.best().curves.values())
    assert importance.get_title() == "importance"
    assert tuned.best().importance().index[0] in ("age", "fare", "pclass")
    trials, best = tuned.plot().axes[0].lines
    assert list(trials.get_xdata()) == [0, 2]
    assert list(best.get_ydata())[-1] == tuned.best().metrics["valid-logloss"]
    assert "valid-logloss" in tuned._repr_html_()
    assert "valid-logloss" in tuned.best()._repr_html_()
    assert tuned.plot()._repr_png_().startswith(b"\x89PNG")
    assert repr(tuned) == f"Tuned(3 trials, best valid-logloss {tuned.best().metrics['valid-logloss']:.4g})"


def test_a_plot_without_matplotlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = trainer(num_boost_round=1).fit()
    with pytest.raises(air.PackageMissing, match="pip install matplotlib"):
        result.plot()
