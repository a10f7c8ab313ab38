"""XGBoost: `xgboost.train`, with nothing in between."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoal.air.frameworks.base import Framework, Learned, Table

MODEL_FILE = "model.ubj"


class XGBoost(Framework):
    """Settings: ``params`` and ``num_boost_round`` as in `xgboost.train`, and ``early_stopping_rounds``."""

    name = "xgboost"
    packages = ("xgboost",)

    def learn(self, tables: Mapping[str, Table], settings: Mapping[str, Any], threads: int) -> Learned:
        """One call of `xgboost.train`; the model equals that of the same call without Shoal."""
        return boost(tables, settings, threads)

    def save(self, model: Any, folder: Path) -> None:
        """As UBJSON, XGBoost's own format."""
        model.save_model(folder / MODEL_FILE)

    def load(self, folder: Path) -> Any:
        """The booster."""
        import xgboost

        return xgboost.Booster(model_file=folder / MODEL_FILE)

    def predict(self, model: Any, features: Any) -> Any:
        """What the objective gives: a probability, a value, or a probability a class."""
        return model.predict(matrix(Table(features, None), threads=0))


def boost(
    tables: Mapping[str, Table],
    settings: Mapping[str, Any],
    threads: int,
    callbacks: tuple[Any, ...] = (),
    begun: Any = None,
) -> Learned:
    """Train on ``tables["train"]``, measure on all of them; ``begun`` is a booster to go on from."""
    import xgboost

    matrices = {name: matrix(table, threads) for name, table in tables.items()}
    measured: dict[str, dict[str, list[float]]] = {}
    booster = xgboost.train(
        {"nthread": threads, **(settings.get("params") or {})},
        matrices["train"],
        num_boost_round=settings.get("num_boost_round") or 10,
        evals=[(matrices[name], name) for name in matrices],
        evals_result=measured,
        early_stopping_rounds=settings.get("early_stopping_rounds"),
        callbacks=list(callbacks),
        verbose_eval=False,
        xgb_model=begun,
    )
    curves = {f"{name}-{metric}": values for name, metrics in measured.items() for metric, values in metrics.items()}
    return Learned(booster, curves)


def matrix(table: Table, threads: int) -> Any:
    """The table as XGBoost holds it; NaN is a missing value. ``threads`` 0: as many as XGBoost likes."""
    import xgboost

    return xgboost.DMatrix(
        table.features, label=table.label, weight=table.weight, nthread=threads or None, enable_categorical=True
    )
