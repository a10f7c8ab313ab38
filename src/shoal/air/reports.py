"""What a training function tells while it trains: metrics after each round, and the model that it has by then."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shoal.air.errors import SettingInvalid, TrainingFailed
from shoal.air.frameworks.base import Learned, Watch


def report(metrics: Mapping[str, float], *, model: Any = None, optimizer: Any = None) -> None:
    """Tell, within a training function, how well it does after a round.

    Of several workers each calls it, as often as the others, and waits for them; what the first one tells counts.

    metrics: the same names each time; a value becomes a number by ``float``.
    model: a ``torch.nn.Module`` as it is now. The last one told is what training gives.
    optimizer: what `resume` is to give back its state to, one of ``torch.optim``.

    Raises:
        SettingInvalid: no training function runs here, other metrics than before, or one that is no number; or another
            worker reports more or less often.
    """
    _reports("report").add(metrics, model, optimizer)


def resume(model: Any, optimizer: Any = None) -> int:
    """Go on, within a training function, from what several workers had before one of them was lost.

    Puts the weights of the last model that was kept into ``model``, and the optimizer's state, if it was told, into
    ``optimizer``.

    Returns:
        How many reports that was after, as a number of rounds that need not be made again: 0 in a training that has
        just begun.

    Raises:
        SettingInvalid: no training function runs here.
    """
    return _reports("resume").resume(model, optimizer)


@dataclass(frozen=True)
class Begun:
    """What was kept of a training: its curves, the weights of its model, and the state of its optimizer, or None."""

    curves: dict[str, list[float]]
    weights: Mapping[str, Any]
    optimizer: Any


class Reports:
    """The reports of one training function.

    watch: told of each; where it says so, the function ends. keeps: whether models are looked at.
    begun: what was kept before a worker was lost. after: called after each report, also with whether it told of a
        model, and the optimizer.
    """

    def __init__(
        self,
        watch: Watch | None,
        *,
        keeps: bool = True,
        begun: Begun | None = None,
        after: "Callable[[Reports, bool, Any], None] | None" = None,
    ) -> None:
        self.watch, self.keeps, self.begun, self.after = watch, keeps, begun, after
        self.curves: dict[str, list[float]] = {}
        self.rounds = 0
        self.model: Any = None
        self.state: dict[str, Any] = {}
        self.best_round: int | None = None

    def add(self, metrics: Mapping[str, float], model: Any, optimizer: Any = None) -> None:
        """Note one report."""
        newest = {str(name): _number(name, value) for name, value in metrics.items()}
        if self.rounds and set(newest) != set(self.curves):
            raise SettingInvalid(f"air.report() is told {', '.join(newest)}, and was told {', '.join(self.curves)}")
        for name, value in newest.items():
            self.curves.setdefault(name, []).append(value)
        if model is not None and self.keeps:
            self._note(model, self.rounds)
        self.rounds += 1
        if self.after is not None:
            self.after(self, model is not None, optimizer)
        if self.watch is not None and not self.watch(self.rounds, newest):
            raise _Ended

    def resume(self, model: Any, optimizer: Any) -> int:
        """Put what was kept into both, and count on from there."""
        if self.begun is None or not self.begun.curves:  # without a metric nothing tells how far it came
            return 0
        bare(model).load_state_dict(self.begun.weights)
        if optimizer is not None and self.begun.optimizer is not None:
            optimizer.load_state_dict(self.begun.optimizer)
        self.curves = {name: list(values) for name, values in self.begun.curves.items()}
        self.rounds = max(map(len, self.curves.values()))
        if self.keeps:
            self._note(model, self.rounds - 1)
        return self.rounds

    def _note(self, model: Any, at: int) -> None:
        """Take the model as it is now for that of the round ``at``, from 0."""
        self.model, self.best_round = bare(model), at
        self.state = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}

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


def bare(model: Any) -> Any:
    """A module without what joins those of several workers (DistributedDataParallel)."""
    from torch.nn.parallel import DistributedDataParallel

    return model.module if isinstance(model, DistributedDataParallel) else model


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


def _reports(asked: str) -> Reports:
    if _current is None:
        raise SettingInvalid(f"air.{asked}() is for a training function, and none runs here")
    return _current


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise SettingInvalid(f"air.report() is told {name}={value!r}, which is no number") from error
