"""scikit-learn: any estimator of its, or with its manners."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shoal.air import skops_objects
from shoal.air.errors import ColumnUnfit
from shoal.air.frameworks.base import Framework, Learned, Table, params_of

MODEL_FILE = "model.skops"


class Sklearn(Framework):
    """Settings: ``estimator``, ``params`` for its ``set_params``, ``scoring`` as scikit-learn knows it."""

    name = "sklearn"
    packages = ("scikit-learn", "skops")
    modules = ("sklearn",)
    labels_are_numbers = False

    def learn(self, tables: Mapping[str, Table], settings: Mapping[str, Any], threads: int) -> Learned:
        """Fit a clone of the estimator, and score it on every table, once."""
        import joblib
        from sklearn.base import clone
        from sklearn.metrics import check_scoring

        estimator = clone(settings["estimator"]).set_params(**params_of(settings))
        train = tables["train"]
        weight = {} if train.weight is None else {"sample_weight": train.weight}
        with joblib.parallel_config(backend="threading", n_jobs=threads):
            with _naming_gaps(train.features, "data set 'train'"):
                estimator.fit(train.features, train.label, **weight)
            score = check_scoring(estimator, scoring=settings.get("scoring"))
            curves = {}
            for name, at in tables.items():
                with _naming_gaps(at.features, f"data set {name!r}"):
                    curves[f"{name}-score"] = [float(score(estimator, at.features, at.label))]
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
        """What its ``predict`` gives.

        Raises:
            ColumnUnfit: it takes no missing values, and there are some.
        """
        with _naming_gaps(features, "rows to predict for"):
            return model.predict(features)


@contextmanager
def _naming_gaps(features: Any, where: str) -> Iterator[None]:
    """Name the column whose missing values an estimator refuses. Which take them, only trying tells."""
    try:
        yield
    except ValueError as error:
        gaps = [name for name in features.columns if features[name].isna().any()]
        if "NaN" not in str(error) or not gaps:
            raise
        missing = int(features[gaps[0]].isna().sum())
        raise ColumnUnfit(
            f"{missing} of {len(features)} values are missing, and this estimator takes no gaps",
            where=f"column {gaps[0]!r} of {where}",
            next_step="fill them, as with air.SimpleImputer in the preprocessor",
        ) from error
