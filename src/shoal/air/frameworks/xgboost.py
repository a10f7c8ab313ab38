"""XGBoost: `xgboost.train`, with nothing in between."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from shoal.air.frameworks.base import Framework, Learned, Table, Watch, params_of, rounds_of
from shoal.air.names import without_signs
from shoal.air.share import Together

MODEL_FILE = "model.ubj"
REFUSED = r"[\[\]<]"
"""What XGBoost refuses in names of features."""
ROUNDS = 10
"""XGBoost's own, where no number is given."""


class XGBoost(Framework):
    """Settings: ``params`` and ``num_boost_round`` as in `xgboost.train`, and ``early_stopping_rounds``."""

    name = "xgboost"
    packages = modules = ("xgboost",)
    can_be_watched = True

    def learn(
        self, tables: Mapping[str, Table], settings: Mapping[str, Any], threads: int, watch: Watch | None = None
    ) -> Learned:
        """One call of `xgboost.train`; the model equals that of the same call without Shoal."""
        rounds = rounds_of(settings, ROUNDS)
        return boost(tables, settings, rounds, threads, callbacks=() if watch is None else (watched_by(watch),))

    def together(self, tables: Mapping[str, Table]) -> Together:
        """Each worker boosts on every so-manieth row; the metrics are those of all rows."""
        from ray.train.xgboost import XGBoostTrainer

        from shoal.air.frameworks.xgboost_together import learn_share

        return Together(XGBoostTrainer, learn_share)

    def save(self, model: Any, folder: Path) -> None:
        """As UBJSON, XGBoost's own format."""
        model.save_model(folder / MODEL_FILE)

    def load(self, folder: Path, *, trust_code: bool = False) -> Any:
        """The booster."""
        import xgboost

        return xgboost.Booster(model_file=folder / MODEL_FILE)

    def takes_batches(self, settings: Mapping[str, Any]) -> bool:
        """Where trees grow by histograms: what they are made of is all that is kept of the rows."""
        params = params_of(settings)
        trees = params.get("booster", "gbtree") in ("gbtree", "dart")
        return trees and params.get("tree_method", "auto") in ("auto", "hist")

    def rounds(self, settings: Mapping[str, Any]) -> int | None:
        """``num_boost_round``."""
        return rounds_of(settings, ROUNDS)

    def importance(self, model: Any, features: list[str]) -> dict[str, float] | None:
        """The gain of all splits on each feature."""
        gains = model.get_score(importance_type="total_gain")
        safe = without_signs(features, REFUSED)
        return {name: float(gains.get(own, 0.0)) for name, own in zip(features, safe, strict=True)}

    def predict(self, model: Any, features: Any) -> Any:
        """What the objective gives: a probability, a value, or a probability a class."""
        import xgboost

        best = best_round(model)
        rounds = (0, 0) if best is None else (0, best + 1)
        if (floats := _floats(features)) is not None:
            with suppress(xgboost.core.XGBoostError):  # linear boosters can't; others are told by what follows
                return model.inplace_predict(floats, iteration_range=rounds, validate_features=False)
        return model.predict(matrix(Table(features, None), threads=0), iteration_range=rounds)


def _floats(features: Any) -> Any:
    """Features that are floats and nothing else, as the one array that XGBoost reads where it lies; otherwise None."""
    import numpy as np

    types = [features.dtype] if isinstance(features, np.ndarray) else features.dtypes
    plain = all(isinstance(each, np.dtype) and each.kind == "f" for each in types)
    return np.asarray(features) if plain else None


def boost(
    tables: Mapping[str, Table],
    settings: Mapping[str, Any],
    rounds: int,
    threads: int,
    callbacks: tuple[Any, ...] = (),
    begun: Any = None,
) -> Learned:
    """Train on ``tables["train"]``, measure on all of them; ``begun`` is a booster to go on from."""
    import xgboost

    matrices = matrices_of(tables, threads, settings)
    measured: dict[str, dict[str, list[float]]] = {}
    booster = xgboost.train(
        {"nthread": threads, **params_of(settings)},
        matrices["train"],
        num_boost_round=rounds,
        evals=[(matrices[name], name) for name in matrices],
        evals_result=measured,
        early_stopping_rounds=settings.get("early_stopping_rounds"),
        callbacks=list(callbacks),
        verbose_eval=False,
        xgb_model=begun,
    )
    return Learned(booster, curves_of(measured), best_round=best_round(booster))


def watched_by(watch: Watch) -> Any:
    from xgboost.callback import TrainingCallback

    class Watched(TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            return not watch(epoch + 1, {name: values[-1] for name, values in curves_of(evals_log).items()})

    return Watched()


def curves_of(measured: Mapping[str, Mapping[str, list[float]]]) -> dict[str, list[float]]:
    """What XGBoost measured, by "SET-METRIC"."""
    return {f"{name}-{metric}": list(values) for name, found in measured.items() for metric, values in found.items()}


def best_round(booster: Any) -> int | None:
    """The round, from 0, at which early stopping found the best model; None where it wasn't asked for."""
    told = booster.attr("best_iteration")
    return None if told is None else int(told)


def matrix(table: Table, threads: int) -> Any:
    """The table as XGBoost holds it; NaN is a missing value. ``threads`` 0: as many as XGBoost likes."""
    import xgboost

    names = list(map(str, getattr(table.features, "columns", ())))
    return xgboost.DMatrix(
        table.features,
        label=table.label,
        weight=table.weight,
        feature_names=without_signs(names, REFUSED) or None,
        nthread=threads or None,
        enable_categorical=True,
    )


def matrices_of(tables: Mapping[str, Table], threads: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Each table as XGBoost holds it. Of what comes in batches the bins alone stay, a byte a value."""
    import xgboost

    train = tables["train"]
    if isinstance(train, Table):
        return {name: matrix(table, threads) for name, table in tables.items()}
    bins = {"nthread": threads, "max_bin": params_of(settings).get("max_bin", 256)}
    made: dict[str, Any] = {"train": xgboost.QuantileDMatrix(_batches(train), **bins)}
    for name, table in tables.items():
        if name != "train":
            made[name] = xgboost.QuantileDMatrix(_batches(table), ref=made["train"], **bins)
    return {name: made[name] for name in tables}


def _batches(stream: Any) -> Any:
    """What `xgboost.QuantileDMatrix` reads batches by. It goes through them four times, each begun by a reset."""
    import xgboost

    names = without_signs(list(map(str, stream.features.columns)), REFUSED)

    class Batches(xgboost.DataIter):  # type: ignore[misc]
        def next(self, input_data: Any) -> bool:
            table = next(self.left, None)
            if table is None:
                return False
            input_data(data=table.features, label=table.label, feature_names=names)
            return True

        def reset(self) -> None:
            self.left = stream.tables()

    return Batches()
