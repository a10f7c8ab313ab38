"""What a training function tells while it trains: metrics after each round, and the model that it has by then."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shoal.air.errors import SettingInvalid, TrainingFailed
from shoal.air.frameworks.base import Learned, Watch


def report(metrics: Mapping[str, float], *, model: Any = None) -> None:
    """Tell, within a training function, how well it does after a round.

    metrics: the same names each time; a value becomes a number by ``float``.
    model: a ``torch.nn.Module`` as it is now. The last one told is what training gives.

    Raises:
        SettingInvalid: no training function runs here, other metrics than before, or one that is no number.
    """
    if _current is None:
        raise SettingInvalid("air.report() is for a training function, and none runs here")
    _current.add(metrics, model)


class Reports:
    """The reports of one training function.

    watch: told of each; where it says so, the function ends. keeps: whether models are looked at.
    """

    def __init__(self, watch: Watch | None, *, keeps: bool = True) -> None:
        self.watch, self.keeps = watch, keeps
        self.curves: dict[str, list[float]] = {}
        self.rounds = 0
        self.model: Any = None
        self.state: dict[str, Any] = {}
        self.best_round: int | None = None

    def add(self, metrics: Mapping[str, float], model: Any) -> None:
        """Note one report."""
        newest = {str(name): _number(name, value) for name, value in metrics.items()}
        if self.rounds and set(newest) != set(self.curves):
            raise SettingInvalid(f"air.report() is told {', '.join(newest)}, and was told {', '.join(self.curves)}")
        for name, value in newest.items():
            self.curves.setdefault(name, []).append(value)
        if model is not None and self.keeps:
            self.model, self.best_round = getattr(model, "module", model), self.rounds
            self.state = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
        self.rounds += 1
        if self.watch is not None and not self.watch(self.rounds, newest):
            raise _Ended

    def learned(self) -> Learned:
        """What training gave: the last model, on the CPU and ready to predict.

        Raises:
            TrainingFailed: no model was told.
        """
        if self.model is None:
            raise TrainingFailed(
                "the training function ended and told of no model", next_step="air.report(metrics, model=model) in it"
            )
        self.model.cpu().load_state_dict(self.state)
        return Learned(self.model.eval(), self.curves, best_round=self.best_round)


class _Ended(BaseException):
    """Leaves a training function whose trial is behind others; no ``except Exception`` of its own holds that up."""


_current: Reports | None = None


@contextmanager
def collected(reports: Reports) -> Iterator[None]:
    """Have ``reports`` told of what a training function reports within."""
    global _current
    _current = reports
    try:
        yield
    except _Ended:
        pass
    finally:
        _current = None


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise SettingInvalid(f"air.report() is told {name}={value!r}, which is no number") from error
