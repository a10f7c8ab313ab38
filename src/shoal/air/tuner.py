"""Tries settings of a trainer, as plain Ray tasks beside each other on rows that are prepared and sent once."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shoal.air import search
from shoal.air.cluster import connect, resources
from shoal.air.errors import SettingInvalid, TrainingFailed
from shoal.air.execute import as_options, failure
from shoal.air.parameters import Parameters
from shoal.air.progress import say
from shoal.air.result import Result
from shoal.air.scaling import Scaling
from shoal.air.trainer import Prepared, Trainer

SAMPLERS = ("random", "optuna")


@dataclass
class Trial:
    """One try.

    values: what was tried, by path into the trainer's parameters. settings: all that the framework was told.
    score: that of the metric. None: it failed, and ``error`` says why.
    """

    values: dict[tuple[str, ...], Any]
    asked: Any
    settings: dict[str, Any]
    score: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""


class Tuner(Parameters):
    """Tries settings of a trainer.

    space: parameters of the trainer to ranges, nested as they are: ``{"params": {"eta": air.loguniform(1e-3, 0.3)}}``.
    metric, mode: what is to become smallest ("min") or largest ("max"), as ``"valid-logloss"``.
    num_samples: how many tries; of each combination when there are grids.
    search: "random", or "optuna" (its TPE: later tries learn from earlier ones).
    seed: the same seed proposes the same tries ("optuna": when they end in the same order).
    """

    def __init__(
        self,
        trainer: Trainer,
        space: Mapping[str, Any],
        *,
        metric: str,
        mode: str = "min",
        num_samples: int = 10,
        search: str = "random",
        seed: int | None = None,
    ) -> None:
        self.trainer = trainer
        self.space = space
        self.metric = metric
        self.mode = mode
        self.num_samples = num_samples
        self.search = search
        self.seed = seed

    def fit(self) -> "Tuned":
        """Try them all. A try that fails is kept with its error, and the others go on.

        Raises:
            SettingInvalid: the space names no parameter of the trainer, or the metric is none that it measures.
            TrainingFailed: every try failed.
        """
        leaves = search.flat(self.space)
        self._check(leaves)
        started = time.monotonic()
        prepared = self.trainer.prepare()
        trials, best = _Run(self, leaves, prepared).all()
        if best is None:
            raise TrainingFailed(f"all {len(trials)} trials failed, the first so: {trials[0].error}")
        took = time.monotonic() - started
        say(f"{len(trials)} trials in {took:.2f} s, best {self.metric} {best.metrics[self.metric]:.4g}")
        return Tuned(trials, best, self.metric)

    def _check(self, leaves: Mapping[tuple[str, ...], Any]) -> None:
        if self.mode not in ("min", "max"):
            raise SettingInvalid(f"mode={self.mode!r} is neither 'min' nor 'max'")
        if self.search not in SAMPLERS:
            raise SettingInvalid(f"search={self.search!r} is none of {', '.join(SAMPLERS)}")
        if self.num_samples < 1:
            raise SettingInvalid(f"num_samples={self.num_samples!r} is no number above 0")
        for path in leaves:
            if path[0] not in self.trainer.setting_names:
                raise SettingInvalid(
                    f"the search space names {path[0]!r}, which is no setting of {type(self.trainer).__name__}",
                    next_step=f"it has {', '.join(self.trainer.setting_names)}",
                )


class Tuned:
    """What tuning gave.

    trials: in the order in which they were proposed.
    """

    def __init__(self, trials: list[Trial], best: Result, metric: str) -> None:
        self.trials = trials
        self.metric = metric
        self._best = best

    def best(self) -> Result:
        """The result of the best trial."""
        return self._best

    def to_pandas(self) -> Any:
        """A row a trial: what was tried, what came out, how long it took, and the error of those that failed."""
        import pandas as pd

        rows = [
            {".".join(path): value for path, value in trial.values.items()}
            | trial.metrics
            | {"seconds": trial.seconds, "error": trial.error}
            for trial in self.trials
        ]
        return pd.DataFrame(rows).rename_axis("trial")

    def _repr_html_(self) -> str:
        return str(self.to_pandas().to_html())


class _Run:
    """One run of a tuner: proposals go to tasks, and what comes back to who proposes."""

    def __init__(self, tuner: Tuner, leaves: Mapping[tuple[str, ...], Any], prepared: Prepared) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        samplers = {"random": optuna.samplers.RandomSampler, "optuna": optuna.samplers.TPESampler}
        direction = {"min": "minimize", "max": "maximize"}[tuner.mode]
        self.study = optuna.create_study(sampler=samplers[tuner.search](seed=tuner.seed), direction=direction)
        self.ray = connect()
        self.tuner, self.leaves, self.prepared = tuner, leaves, prepared
        self.ranges = search.distributions(leaves)
        self.wanted = resources(tuner.trainer.scaling or Scaling(cpus_per_worker=1))
        self.tables = self.ray.put(prepared.tables)
        self.trials: list[Trial] = []
        self.best: Result | None = None

    def all(self) -> tuple[list[Trial], Result | None]:
        """Every trial, and the result of the best."""
        for _ in range(self.tuner.num_samples):
            for fixed in search.grid(self.leaves):
                self.study.enqueue_trial(fixed)
        left = self.tuner.num_samples * len(list(search.grid(self.leaves)))
        room = max(1, int(self.ray.cluster_resources().get("CPU", 1) // self.wanted["CPU"]))
        running: dict[Any, Trial] = {}
        while left or running:
            while left and len(running) < room:
                trial = self._propose()
                running[self._start(trial)] = trial
                left -= 1
            (ended,), _ = self.ray.wait(list(running), num_returns=1)
            self._finish(running.pop(ended), ended)
        return self.trials, self.best

    def _propose(self) -> Trial:
        asked = self.study.ask(self.ranges)
        values = search.chosen(self.leaves, asked.params)
        trial = Trial(values, asked, with_values(self.tuner.trainer.settings(), values))
        self.trials.append(trial)
        return trial

    def _start(self, trial: Trial) -> Any:
        task = self.ray.remote(_try).options(max_retries=3, **as_options(self.wanted))
        return task.remote(self.prepared.framework, self.tables, trial.settings, max(1, int(self.wanted["CPU"])))

    def _finish(self, trial: Trial, ended: Any) -> None:
        import optuna

        try:
            learned, trial.seconds = self.ray.get(ended)
        except self.ray.exceptions.RayError as error:
            trial.error = str(failure(error, self.prepared.framework))
            self.study.tell(trial.asked, state=optuna.trial.TrialState.FAIL)
            return
        result = self.prepared.result(learned, trial.settings)
        trial.metrics = result.metrics
        metric = self.tuner.metric
        if metric not in result.metrics:
            raise SettingInvalid(f"there is no metric {metric!r}", next_step=f"measured: {', '.join(result.metrics)}")
        trial.score = result.metrics[metric]
        self.study.tell(trial.asked, trial.score)
        sign = 1 if self.tuner.mode == "min" else -1
        if self.best is None or sign * trial.score < sign * self.best.metrics[metric]:
            self.best = result


def with_values(settings: Mapping[str, Any], values: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """``settings`` with the value at each path replaced; what is above a path becomes a dict."""
    made = dict(settings)
    for (name, *below), value in values.items():
        if below:
            inner = {tuple(below): value}
            made[name] = with_values(made.get(name) or {}, inner)
        else:
            made[name] = value
    return made


def _try(framework: Any, tables: Any, settings: dict[str, Any], threads: int) -> tuple[Any, float]:
    started = time.monotonic()
    learned = framework.learn(tables, settings, threads)
    return learned, time.monotonic() - started
