"""LightGBM: `lightgbm.train`, with nothing in between."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoal.air.frameworks.base import Framework, Learned, Table, Watch, params_of, rounds_of
from shoal.air.names import without_signs

REFUSED = r"[\s\[\]{}\",:]"
"""What LightGBM refuses, or replaces by itself, in names of features."""
MODEL_FILE = "model.txt"
ROUNDS = 100
"""LightGBM's own, where no number is given."""


class LightGBM(Framework):
    """Settings: ``params`` and ``num_boost_round`` as in `lightgbm.train`, and ``early_stopping_rounds``."""

    name = "lightgbm"
    packages = modules = ("lightgbm",)
    can_be_watched = True

    def learn(
        self, tables: Mapping[str, Table], settings: Mapping[str, Any], threads: int, watch: Watch | None = None
    ) -> Learned:
        """One call of `lightgbm.train`; the model equals that of the same call without Shoal."""
        import lightgbm

        sets = {"train": _rows(tables["train"])}
        sets |= {name: _rows(table, sets["train"]) for name, table in tables.items() if name != "train"}
        measured: dict[str, dict[str, list[float]]] = {}
        callbacks = [lightgbm.record_evaluation(measured)]
        if settings.get("early_stopping_rounds"):
            callbacks.append(lightgbm.early_stopping(settings["early_stopping_rounds"], verbose=False))
        if watch is not None:
            callbacks.append(_watched_by(watch))
        booster = lightgbm.train(
            {"verbosity": -1, "num_threads": threads, **params_of(settings)},
            sets["train"],
            num_boost_round=rounds_of(settings, ROUNDS),
            valid_sets=list(sets.values()),
            valid_names=list(sets),
            callbacks=callbacks,
        )
        curves = {f"{name}-{metric}": values for name, found in measured.items() for metric, values in found.items()}
        return Learned(booster, curves, best_round=booster.best_iteration - 1 if booster.best_iteration > 0 else None)

    def save(self, model: Any, folder: Path) -> None:
        """As text, LightGBM's own format."""
        model.save_model(folder / MODEL_FILE)

    def load(self, folder: Path, *, trust_code: bool = False) -> Any:
        """The booster."""
        import lightgbm

        return lightgbm.Booster(model_file=folder / MODEL_FILE)

    def rounds(self, settings: Mapping[str, Any]) -> int | None:
        """``num_boost_round``."""
        return rounds_of(settings, ROUNDS)

    def importance(self, model: Any, features: list[str]) -> dict[str, float] | None:
        """The gain of all splits on each feature."""
        return dict(zip(features, map(float, model.feature_importance("gain")), strict=True))

    def predict(self, model: Any, features: Any) -> Any:
        """What the objective gives: a probability, a value, or a probability a class."""
        return model.predict(features)


def _watched_by(watch: Watch) -> Any:
    from lightgbm.callback import EarlyStopException

    def after_round(env: Any) -> None:
        newest = {f"{name}-{metric}": value for name, metric, value, _ in env.evaluation_result_list}
        if not watch(env.iteration + 1, newest):
            raise EarlyStopException(env.iteration, env.evaluation_result_list)

    after_round.order = 40  # type: ignore[attr-defined]  # LightGBM's: after the values of this round were kept
    return after_round


def _rows(table: Table, reference: Any = None) -> Any:
    import lightgbm

    names = without_signs(list(table.features.columns), REFUSED)
    return lightgbm.Dataset(
        table.features, label=table.label, weight=table.weight, reference=reference, feature_name=names
    )
