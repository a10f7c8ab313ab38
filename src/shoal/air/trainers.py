"""The trainers: each is a framework and the arguments that are its own."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from shoal.air.dataset import Dataset
from shoal.air.frameworks.lightgbm import LightGBM
from shoal.air.frameworks.sklearn import Sklearn
from shoal.air.frameworks.torch import Torch
from shoal.air.frameworks.xgboost import XGBoost
from shoal.air.scaling import Scaling
from shoal.air.trainer import Trainer


class XGBoostTrainer(Trainer):
    """Trains gradient-boosted trees with `xgboost.train`.

    label_column: what to predict, a column of numbers.
    datasets: "train" is learned from; all of them are measured after each round.
    params, num_boost_round, early_stopping_rounds: as in `xgboost.train`; the last data set decides when to stop early.
    preprocessor: one of ``air``'s, or a Chain of them. It is fitted on "train" and kept with the model.
    """

    framework: ClassVar[XGBoost] = XGBoost()
    setting_names: ClassVar[tuple[str, ...]] = ("params", "num_boost_round", "early_stopping_rounds")

    def __init__(
        self,
        *,
        label_column: str,
        datasets: Mapping[str, Dataset],
        params: Mapping[str, Any] | None = None,
        num_boost_round: int = 10,
        early_stopping_rounds: int | None = None,
        preprocessor: Any = None,
        scaling: Scaling | None = None,
    ) -> None:
        self.label_column = label_column
        self.datasets = datasets
        self.params = params
        self.num_boost_round = num_boost_round
        self.early_stopping_rounds = early_stopping_rounds
        self.preprocessor = preprocessor
        self.scaling = scaling


class LightGBMTrainer(Trainer):
    """Trains gradient-boosted trees with `lightgbm.train`. Its arguments are those of `XGBoostTrainer`, but for these.

    params, num_boost_round: as in `lightgbm.train`.
    early_stopping_rounds: any metric of any data set but "train" stops it, once that gets no better for so many rounds.
    """

    framework: ClassVar[LightGBM] = LightGBM()
    setting_names: ClassVar[tuple[str, ...]] = ("params", "num_boost_round", "early_stopping_rounds")

    def __init__(
        self,
        *,
        label_column: str,
        datasets: Mapping[str, Dataset],
        params: Mapping[str, Any] | None = None,
        num_boost_round: int = 100,
        early_stopping_rounds: int | None = None,
        preprocessor: Any = None,
        scaling: Scaling | None = None,
    ) -> None:
        self.label_column = label_column
        self.datasets = datasets
        self.params = params
        self.num_boost_round = num_boost_round
        self.early_stopping_rounds = early_stopping_rounds
        self.preprocessor = preprocessor
        self.scaling = scaling


class SklearnTrainer(Trainer):
    """Fits an estimator of scikit-learn's, or one with its manners.

    estimator: stays as it is; what is fitted is a clone. params: for its ``set_params``, so that a tuner can vary them.
    scoring: a name or function as in scikit-learn; None: the estimator's own score.
    """

    framework: ClassVar[Sklearn] = Sklearn()
    setting_names: ClassVar[tuple[str, ...]] = ("estimator", "params", "scoring")

    def __init__(
        self,
        *,
        estimator: Any,
        label_column: str,
        datasets: Mapping[str, Dataset],
        params: Mapping[str, Any] | None = None,
        scoring: Any = None,
        preprocessor: Any = None,
        scaling: Scaling | None = None,
    ) -> None:
        self.estimator = estimator
        self.label_column = label_column
        self.datasets = datasets
        self.params = params
        self.scoring = scoring
        self.preprocessor = preprocessor
        self.scaling = scaling


class TorchTrainer(Trainer):
    """Trains a module of PyTorch's with a training function, which reports it by `air.report`.

    train_loop_per_worker: takes ``train_loop_config``, or nothing. It gets rows by
        ``ray.train.get_dataset_shard("train")`` (`iter_torch_batches`; ``features``, ``label``). What else
        ``ray.train`` and ``ray.train.torch`` have for training functions can be called in it, as ``prepare_model``.
    train_loop_config: a dict; a tuner varies what is in it.
    module: makes the network of a ``train_loop_config``, before it has learned. A search that goes on (`Tuner.restore`)
        needs it where the network is of a class of your own, of which only the weights are kept.
    """

    framework: ClassVar[Torch] = Torch()
    setting_names: ClassVar[tuple[str, ...]] = ("train_loop_per_worker", "train_loop_config")

    def __init__(
        self,
        train_loop_per_worker: Callable[..., None],
        *,
        label_column: str,
        datasets: Mapping[str, Dataset],
        train_loop_config: Mapping[str, Any] | None = None,
        module: Callable[[Mapping[str, Any]], Any] | None = None,
        preprocessor: Any = None,
        scaling: Scaling | None = None,
    ) -> None:
        self.train_loop_per_worker = train_loop_per_worker
        self.label_column = label_column
        self.datasets = datasets
        self.train_loop_config = train_loop_config
        self.module = module
        self.preprocessor = preprocessor
        self.scaling = scaling

    def reader(self, settings: Mapping[str, Any]) -> Torch:
        """One with a network of these settings, where ``module`` makes it."""
        return Torch(None if self.module is None else self.module(settings["train_loop_config"] or {}))
