"""scikit-learn: any estimator of its, or with its manners."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoal.air import skops_objects
from shoal.air.frameworks.base import Framework, Learned, Table

MODEL_FILE = "model.skops"


class Sklearn(Framework):
    """Settings: ``estimator``, ``params`` for its ``set_params``, ``scoring`` as scikit-learn knows it."""

    name = "sklearn"
    packages = ("scikit-learn", "skops")
    labels_are_numbers = False

    def learn(self, tables: Mapping[str, Table], settings: Mapping[str, Any], threads: int) -> Learned:
        """Fit a clone of the estimator, and score it on every table, once."""
        import joblib
        from sklearn.base import clone
        from sklearn.metrics import check_scoring

        estimator = clone(settings["estimator"]).set_params(**(settings.get("params") or {}))
        train = tables["train"]
        weight = {} if train.weight is None else {"sample_weight": train.weight}
        with joblib.parallel_config(backend="threading", n_jobs=threads):
            estimator.fit(train.features, train.label, **weight)
            score = check_scoring(estimator, scoring=settings.get("scoring"))
            curves = {f"{name}-score": [float(score(estimator, at.features, at.label))] for name, at in tables.items()}
        return Learned(estimator, curves)

    def save(self, model: Any, folder: Path) -> None:
        """By skops: what scikit-learn's objects are made of, without pickle."""
        (folder / MODEL_FILE).write_bytes(skops_objects.dumps(model))

    def load(self, folder: Path, *, trust_code: bool = False) -> Any:
        """The estimator.

        Raises:
            CodeNotTrusted: it is made of types that skops does not know, and ``trust_code`` is not said.
        """
        return skops_objects.loads((folder / MODEL_FILE).read_bytes(), trust_code=trust_code)

    def importance(self, model: Any, features: list[str]) -> dict[str, float] | None:
        """Its ``feature_importances_``, if it has any."""
        found = getattr(model, "feature_importances_", None)
        return None if found is None else dict(zip(features, map(float, found), strict=True))

    def predict(self, model: Any, features: Any) -> Any:
        """What its ``predict`` gives."""
        return model.predict(features)
