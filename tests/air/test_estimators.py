"""The estimators: scikit-learn's own checks, in this process and with Ray beneath, and what it builds of them."""

import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("sklearn", reason="sklearn is not installed (pip install 'shoal[air]')")
pytest.importorskip("xgboost", reason="xgboost is not installed (pip install 'shoal[air]')")

import joblib
import numpy as np
import xgboost
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from shoal import air
from shoal.air import estimators

pytestmark = pytest.mark.air
SMALL: dict[str, Any] = {"n_estimators": 10, "n_jobs": 1}
ONE_CPU: dict[str, Any] = {"n_estimators": 10, "scaling": air.Scaling(cpus_per_worker=1)}
WEIGHTS = "check_sample_weight_equivalence_on_dense_data"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    air.be_quiet()
    yield
    air.be_quiet(False)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if Ray weren't up, which it may be for another test."""
    monkeypatch.setattr(estimators, "is_ray_up", lambda: False)


def expected_to_fail(estimator: Any) -> dict[str, str]:
    """What XGBoost can't give. ``xgboost.XGBClassifier`` fails in the same way, by the same digits."""
    if isinstance(estimator, air.XGBoostClassifier):
        return {WEIGHTS: "XGBoost sums in single precision: equal to 6 digits, where the check asks for 7"}
    return {}


@pytest.mark.usefixtures("in_this_process")
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [air.XGBoostClassifier(n_jobs=1), air.XGBoostRegressor(n_jobs=1)],
    expected_failed_checks=expected_to_fail,
    xfail_strict=True,
)
def test_scikit_learns_checks_pass_in_this_process(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.ray
@pytest.mark.usefixtures("ray_here")
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [air.XGBoostClassifier(**ONE_CPU), air.XGBoostRegressor(**ONE_CPU)],
    expected_failed_checks=expected_to_fail,
    xfail_strict=True,
)
def test_scikit_learns_checks_pass_in_ray(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.usefixtures("in_this_process")
def test_a_weight_counts_as_that_many_rows_in_single_precision() -> None:
    X, y = load_iris(return_X_y=True)
    weight = np.random.default_rng(0).integers(0, 5, len(y))
    weighted = air.XGBoostClassifier(**SMALL).fit(X, y, sample_weight=weight)
    repeated = air.XGBoostClassifier(**SMALL).fit(X.repeat(weight, axis=0), y.repeat(weight))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-5)


@pytest.mark.usefixtures("in_this_process")
def test_it_learns_what_xgboost_itself_learns() -> None:
    given: dict[str, Any] = {"n_estimators": 20, "max_depth": 3, "learning_rate": 0.2, "reg_lambda": 2.0, "n_jobs": 1}
    for load in (load_breast_cancer, load_iris):
        X, y = load(return_X_y=True)
        theirs = xgboost.XGBClassifier(**given).fit(X, y)
        assert (air.XGBoostClassifier(**given).fit(X, y).predict_proba(X) == theirs.predict_proba(X)).all()
    X, y = load_diabetes(return_X_y=True)
    ours, theirs = air.XGBoostRegressor(**given).fit(X, y), xgboost.XGBRegressor(**given).fit(X, y)
    assert (ours.predict(X) == theirs.predict(X)).all()


@pytest.mark.ray
@pytest.mark.usefixtures("ray_here")
def test_a_search_over_a_pipeline_trains_in_ray_and_finds_the_same_as_here(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    steps = make_pipeline(StandardScaler(), air.XGBoostClassifier(n_estimators=5, n_jobs=1))
    grid = {"xgboostclassifier__max_depth": [1, 3], "xgboostclassifier__learning_rate": [0.1, 0.3]}
    in_ray = GridSearchCV(steps, grid, cv=2).fit(X, y)
    monkeypatch.setattr(estimators, "is_ray_up", lambda: False)
    here = GridSearchCV(steps, grid, cv=2).fit(X, y)
    assert (in_ray.best_estimator_[-1].trained_in_, here.best_estimator_[-1].trained_in_) == ("ray", "process")
    assert in_ray.best_params_ == here.best_params_
    np.testing.assert_allclose(in_ray.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"])


@pytest.mark.ray
@pytest.mark.usefixtures("ray_here")
def test_folds_run_side_by_side_in_ray() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    with joblib.parallel_config("threading", n_jobs=2):
        scores = cross_val_score(air.XGBoostClassifier(**ONE_CPU), X, y, cv=4)
    assert scores.min() > 0.9


@pytest.mark.ray
@pytest.mark.usefixtures("ray_here")
def test_within_a_task_of_ray_it_trains_where_it_is() -> None:
    import ray

    def fit() -> str:
        X, y = load_iris(return_X_y=True)
        return str(air.XGBoostClassifier(n_estimators=2).fit(X, y).trained_in_)

    all_there_are = ray.remote(num_cpus=2)(fit)  # so that another task would never start
    assert ray.get(all_there_are.remote(), timeout=60) == "process"


@pytest.mark.usefixtures("in_this_process")
def test_a_frame_gives_its_names_and_a_fitted_estimator_travels() -> None:
    frame, y = load_iris(return_X_y=True, as_frame=True)
    fitted = air.XGBoostClassifier(**SMALL).fit(frame, y.map({0: "setosa", 1: "versicolor", 2: "virginica"}))
    again = pickle.loads(pickle.dumps(fitted))
    assert list(again.feature_names_in_) == list(frame.columns)
    assert (again.predict(frame) == fitted.predict(frame)).all()
    assert set(again.predict(frame)) <= {"setosa", "versicolor", "virginica"}
    assert fitted.feature_importances_.sum() == pytest.approx(1)


@pytest.mark.usefixtures("in_this_process")
def test_gaps_are_missing_values_and_infinities_are_refused() -> None:
    X, y = load_iris(return_X_y=True)
    X[::3, 1] = np.nan
    assert air.XGBoostClassifier(**SMALL).fit(X, y).score(X, y) > 0.9
    X[0, 0] = np.inf
    with pytest.raises(ValueError, match="contains infinity"):
        air.XGBoostClassifier(**SMALL).fit(X, y)


def test_where_it_trains_is_said_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(estimators, "is_ray_up", lambda: False)
    air.be_quiet(False)
    for _ in range(3):
        air.XGBoostRegressor(**SMALL).fit([[1.0], [2.0]], [1, 2])
    assert capsys.readouterr().err.count("training in this process") == 1


@pytest.mark.usefixtures("in_this_process")
def test_one_class_is_said_to_be_too_few() -> None:
    with pytest.raises(air.ColumnUnfit, match="y has one class only, 7"):
        air.XGBoostClassifier(**SMALL).fit([[1.0], [2.0]], [7, 7])


@pytest.mark.usefixtures("in_this_process")
def test_a_parameter_that_xgboost_refuses_is_told_in_its_words() -> None:
    with pytest.raises(air.TrainingFailed, match=r"xgboost refused: .*max_depth"):
        air.XGBoostRegressor(max_depth=-3).fit([[1.0], [2.0]], [1, 2])


@pytest.mark.parametrize("weight", [[0, 0], [1, -1], [[1], [1]], [1]], ids=["zeros", "negative", "table", "too-few"])
def test_weights_that_make_no_sense_are_refused(weight: Any) -> None:
    with pytest.raises(ValueError, match=r"(?i)sample|inconsistent"):
        air.XGBoostRegressor(**SMALL).fit([[1.0], [2.0]], [1, 2], sample_weight=weight)


@pytest.mark.usefixtures("in_this_process")
def test_a_generator_gives_another_model_each_time_and_a_number_the_same() -> None:
    X, y = load_diabetes(return_X_y=True)
    thrown = np.random.RandomState(0)
    given: dict[str, Any] = {**SMALL, "subsample": 0.5}
    first, second = (air.XGBoostRegressor(random_state=thrown, **given).fit(X, y).predict(X) for _ in range(2))
    same, again = (air.XGBoostRegressor(random_state=3, **given).fit(X, y).predict(X) for _ in range(2))
    assert (first != second).any()
    assert (same == again).all()
