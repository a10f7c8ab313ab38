"""Ends trials early that are behind others after as many rounds: asynchronous successive halving, Optuna's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shoal.air.errors import SettingInvalid


@dataclass(frozen=True)
class ASHA:
    """After ``grace_period`` rounds, and ``reduction_factor`` times as many, and so on, the best of so many go on.

    A trial is held against those that came as far before it, so that none waits for another.
    """

    grace_period: int = 1
    reduction_factor: int = 4

    def check(self) -> None:
        """
        Raises:
            SettingInvalid: a period below one round, or a factor that leaves nothing out.
        """
        for name, least in (("grace_period", 1), ("reduction_factor", 2)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise SettingInvalid(f"ASHA({name}={value!r}) is no whole number from {least} up")

    def judges(self, rounds: int) -> bool:
        """Whether trials are compared after so many rounds."""
        at = self.grace_period
        while at < rounds:
            at *= self.reduction_factor
        return at == rounds


class Judge:
    """An actor that compares the trials, which are tasks."""

    def __init__(self, direction: str, grace_period: int, reduction_factor: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=grace_period, reduction_factor=reduction_factor)
        self.study = optuna.create_study(direction=direction, pruner=pruner)
        self.trials: dict[int, Any] = {}

    def goes_on(self, number: int, rounds: int, value: float) -> bool:
        """Whether a trial that measured ``value`` after so many rounds is to go on."""
        if number not in self.trials:
            self.trials[number] = self.study.ask()
        self.trials[number].report(value, rounds)
        return not self.trials[number].should_prune()


def watching(
    judge: Any, scheduler: ASHA, metric: str, number: int, stopped: list[int], rounds: int, metrics: Mapping[str, float]
) -> bool:
    """In a trial's task, after each round: whether it goes on. Where it doesn't, ``stopped`` gets the round."""
    import ray

    if metric not in metrics or not scheduler.judges(rounds):
        return True
    goes_on = bool(ray.get(judge.goes_on.remote(number, rounds, metrics[metric])))
    if not goes_on:
        stopped.append(rounds)
    return goes_on
