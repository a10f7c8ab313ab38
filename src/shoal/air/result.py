"""What training gives."""

from dataclasses import dataclass
from typing import Any

from shoal.air.checkpoint import Checkpoint


@dataclass(frozen=True)
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

    def _repr_html_(self) -> str:
        return f"<p>{self.summary()}</p>{self.to_pandas().tail().to_html()}"
