"""Figures of what training and tuning gave, by Matplotlib, which only they need."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shoal.air.errors import importing

if TYPE_CHECKING:
    from shoal.air.result import Result

MOST_FEATURES = 20


def of_result(result: "Result") -> Any:
    """An axis for each metric, with the curve of each data set, and one for the importance of features."""
    importance = result.importance()
    metrics = sorted({name.partition("-")[2] for name in result.curves})
    figure = _figure(len(metrics) + (importance is not None))
    for axis, metric in zip(figure.axes, metrics, strict=False):
        for name, values in result.curves.items():
            if name.partition("-")[2] == metric:
                shown = {"marker": "."} if len(values) == 1 else {}
                axis.plot(range(1, len(values) + 1), values, label=name.partition("-")[0], **shown)
        axis.set(title=metric, xlabel="round")
        axis.legend()
    if importance is not None:
        most = importance.head(MOST_FEATURES)[::-1]
        figure.axes[-1].barh(list(map(str, most.index)), most.to_numpy())
        figure.axes[-1].set(title="importance")
    return figure


def of_trials(scores: Sequence[float | None], metric: str, mode: str) -> Any:
    """The score of each trial, and the best so far; those that failed are left out."""
    figure = _figure(1)
    axis = figure.axes[0]
    told = [(number, score) for number, score in enumerate(scores) if score is not None]
    best: list[float] = []
    for _, score in told:
        best.append(score if not best else (min if mode == "min" else max)(best[-1], score))
    axis.plot([number for number, _ in told], [score for _, score in told], ".", label="trial")
    axis.step([number for number, _ in told], best, where="post", label="best so far")
    axis.set(title=metric, xlabel="trial")
    axis.legend()
    return figure


def _figure(axes: int) -> Any:
    with importing("a plot", install="matplotlib"):
        from matplotlib.figure import Figure

    class Shown(Figure):
        """A figure that a notebook shows, also where pyplot, which teaches it to, was never imported."""

        def _repr_png_(self) -> bytes:
            drawn = io.BytesIO()
            self.savefig(drawn, format="png")
            return drawn.getvalue()

    figure = Shown(figsize=(4.5 * axes, 4), layout="constrained")
    figure.subplots(1, axes, squeeze=False)
    return figure
