"""What training gives."""

from dataclasses import dataclass
from typing import Any

from shoal.air.checkpoint import Checkpoint


@dataclass(frozen=True, repr=False)
class Result:
    """What training gives.

    metrics: the last value of each curve, or with early stopping that of the best round.
    curves: "SET-METRIC" to one value a round.
    checkpoint: the model and all that a prediction needs.
    """

    metrics: dict[str, float]
    curves: dict[str, list[float]]
    checkpoint: Checkpoint

    def summary(self) -> str:
        """The metrics on one line."""
        return ", ".join(f"{name} {value:.4g}" for name, value in self.metrics.items()) or "no metric was asked for"

    def to_pandas(self) -> Any:
        """The curves as a DataFrame, a row a round."""
        import pandas as pd

        return pd.DataFrame(self.curves).rename_axis("round")

    def plot(self) -> Any:
        """A figure of Matplotlib's: the curves, and which features the model splits on, where it tells.

        Raises:
            PackageMissing: Matplotlib isn't installed.
        """
        from shoal.air.plots import of_result

        return of_result(self)

    def importance(self) -> Any:
        """How much each feature matters to the model, largest first: a Series. None where that isn't known."""
        import pandas as pd

        kept = self.checkpoint
        found = kept.framework.importance(kept.model, list(kept.features.kinds))
        return None if found is None else pd.Series(found, name="importance").sort_values(ascending=False)

    def __repr__(self) -> str:
        return f"Result({self.summary()})"

    def _repr_html_(self) -> str:
        return f"<p>{self.summary()}</p>{self.to_pandas().tail().to_html()}"
