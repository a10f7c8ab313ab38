"""Gradient-boosted trees as scikit-learn's estimators, for its pipelines, searches and scores, with Ray beneath."""

import os
import sys
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from shoal.air.errors import ColumnUnfit
from shoal.air.execute import failure, learn
from shoal.air.frameworks.base import Learned, Table
from shoal.air.frameworks.xgboost import XGBoost
from shoal.air.progress import say
from shoal.air.scaling import Scaling


class Boosted(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What the two estimators share. Parameters that are None are XGBoost's own choice.

    n_estimators: how many rounds.
    learning_rate, max_depth, min_child_weight, subsample, colsample_bytree, gamma, reg_alpha, reg_lambda, random_state:
        as in ``xgboost.XGBModel``.
    params: further ones, under the names of `xgboost.train`; they win over those above.
    n_jobs: threads, where it trains in this process. In Ray they are the CPUs of ``scaling``.
    scaling: how many workers train in Ray, and what each gets. None: one worker in Ray if Ray is up, as after
        `ray.init()` or with RAY_ADDRESS set, otherwise in this process. A process that Ray started trains where it is.

    After `fit`: ``booster_``, ``n_features_in_``, ``feature_names_in_`` where the columns have names, ``trained_in_``
    ("ray" or "process").
    """

    framework: ClassVar[XGBoost] = XGBoost()
    own: ClassVar[tuple[str, ...]] = (
        "learning_rate",
        "max_depth",
        "min_child_weight",
        "subsample",
        "colsample_bytree",
        "gamma",
        "reg_alpha",
        "reg_lambda",
    )

    def __init__(
        self,
        *,
        n_estimators: int = 100,
        learning_rate: float | None = None,
        max_depth: int | None = None,
        min_child_weight: float | None = None,
        subsample: float | None = None,
        colsample_bytree: float | None = None,
        gamma: float | None = None,
        reg_alpha: float | None = None,
        reg_lambda: float | None = None,
        random_state: Any = None,
        params: Mapping[str, Any] | None = None,
        n_jobs: int | None = None,
        scaling: Scaling | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_child_weight = min_child_weight
        self.subsample = subsample
        self.colsample_bytree = colsample_bytree
        self.gamma = gamma
        self.reg_alpha = reg_alpha
        self.reg_lambda = reg_lambda
        self.random_state = random_state
        self.params = params
        self.n_jobs = n_jobs
        self.scaling = scaling

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    @property
    def feature_importances_(self) -> Any:
        """The share of each feature in the gain of all splits: an array that sums to 1, or of zeros without a split."""
        check_is_fitted(self)
        gains = self.booster_.get_score(importance_type="total_gain")
        found = np.array([gains.get(f"f{index}", 0.0) for index in range(self.n_features_in_)])
        return found / (found.sum() or 1.0)

    def _train(self, X: Any, label: Any, weight: Any, objective: Mapping[str, Any]) -> Self:
        """Learn from rows that were validated, and keep the booster."""
        chosen = {name: getattr(self, name) for name in self.own if getattr(self, name) is not None}
        if self.random_state is not None:
            chosen["seed"] = int(check_random_state(self.random_state).randint(2**31 - 1))
        settings = {"params": {**objective, **chosen, **(self.params or {})}, "num_boost_round": self.n_estimators}
        tables = {"train": Table(X, label, weight)}
        if self.scaling is not None or is_ray_up():
            self.trained_in_ = "ray"
            learned = learn(self.framework, tables, settings, self.scaling or Scaling())
        else:
            self.trained_in_ = "process"
            say("training in this process")
            learned = self._learn_here(tables, settings)
        self.booster_ = learned.model
        return self

    def _learn_here(self, tables: Mapping[str, Table], settings: Mapping[str, Any]) -> Learned:
        from xgboost.core import XGBoostError

        try:
            return self.framework.learn(tables, settings, threads=max(self.n_jobs or 0, 0))
        except XGBoostError as error:
            raise failure(error, self.framework) from error

    def _asked(self, X: Any) -> Any:
        check_is_fitted(self)
        return self.framework.predict(self.booster_, validate_data(self, X, reset=False, **ROWS))


class XGBoostRegressor(RegressorMixin, Boosted):  # type: ignore[misc]
    """Predicts a number for each row with gradient-boosted trees."""

    __doc__ = f"{__doc__}\n\n{Boosted.__doc__}"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows ``X`` (n, features), NaN being a missing value, and their numbers ``y`` (n).

        Raises:
            ValueError: they aren't that.
            AirError: XGBoost refused a parameter, or Ray has no room.
        """
        X, y = validate_data(self, X, y, y_numeric=True, **ROWS)
        X, y, weight = weighed(X, y, sample_weight)
        return self._train(X, y, weight, {"objective": "reg:squarederror"})

    def predict(self, X: Any) -> Any:
        """A number for each row."""
        return self._asked(X)


class XGBoostClassifier(ClassifierMixin, Boosted):  # type: ignore[misc]
    """Predicts a class for each row with gradient-boosted trees. After `fit` ``classes_`` are those that it knows."""

    __doc__ = f"{__doc__}\n\n{Boosted.__doc__}"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows ``X`` (n, features), NaN being a missing value, and their classes ``y`` (n), of any type.

        Raises:
            ValueError: they aren't that.
            ColumnUnfit: all rows are of one class.
            AirError: XGBoost refused a parameter, or Ray has no room.
        """
        X, y = validate_data(self, X, y, **ROWS)
        check_classification_targets(y)
        X, y, weight = weighed(X, y, sample_weight)
        self.classes_, label = np.unique(y, return_inverse=True)
        if len(self.classes_) == 1:
            step = "a classifier needs rows of at least two"
            raise ColumnUnfit(f"y has one class only, {self.classes_[0]}", next_step=step)
        if len(self.classes_) == 2:
            return self._train(X, label, weight, {"objective": "binary:logistic"})
        return self._train(X, label, weight, {"objective": "multi:softprob", "num_class": len(self.classes_)})

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class for each row: an array (n, classes), each row of which sums to 1."""
        found = self._asked(X)
        return found if found.ndim == 2 else np.column_stack([1 - found, found])

    def predict(self, X: Any) -> Any:
        """The most probable class of each row."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]


ROWS: Mapping[str, Any] = {"dtype": [np.float64, np.float32], "ensure_all_finite": "allow-nan"}
"""What rows must be: numbers, finite or missing."""


def weighed(X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    """The rows that weigh anything, and what they weigh; one of weight 0 is as if it weren't there.

    Raises:
        ValueError: the weights aren't one finite number a row, none below 0.
    """
    if sample_weight is None:
        return X, y, None
    weight = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weight.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    check_consistent_length(X, weight)
    if (weight < 0).any() or not weight.any():
        raise ValueError("sample_weight has negative numbers, or nothing but zeros")
    return X[weight > 0], y[weight > 0], weight[weight > 0]


def is_ray_up() -> bool:
    """Whether this process is connected to a Ray, or told of one, and isn't at work in it already."""
    ray = sys.modules.get("ray")
    if ray is None or not ray.is_initialized():
        return "RAY_ADDRESS" in os.environ
    return ray.get_runtime_context().get_task_id() is None
