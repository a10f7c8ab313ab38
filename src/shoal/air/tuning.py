"""One run of a tuner: proposals go to tasks, and what comes back to who proposes and to the journal."""

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from shoal.air import search
from shoal.air.asha import ASHA, Judge, watching
from shoal.air.cluster import connect, resources
from shoal.air.errors import SettingInvalid
from shoal.air.execute import RETRIES, as_options, failure
from shoal.air.frameworks.base import Learned
from shoal.air.journal import Journal
from shoal.air.progress import counting
from shoal.air.result import Result
from shoal.air.scaling import Scaling
from shoal.air.trainer import Prepared
from shoal.air.trial import Trial

if TYPE_CHECKING:
    from shoal.air.tuner import Tuner

DIRECTIONS = {"min": "minimize", "max": "maximize"}


class Run:
    """The trials of a tuner, those of a journal's among them."""

    def __init__(
        self, tuner: "Tuner", leaves: Mapping[tuple[str, ...], Any], prepared: Prepared, journal: Journal | None
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.direction = tuner.direction
        self.study = optuna.create_study(direction=DIRECTIONS[self.direction])
        self.ray = connect()
        self.tuner, self.leaves, self.prepared, self.journal = tuner, leaves, prepared, journal
        self.ranges = search.distributions(leaves)
        self.grid = list(search.grid(leaves))
        self.wanted = resources(tuner.trainer.scaling or Scaling(cpus_per_worker=1))
        self.tables = self.ray.put(prepared.tables)
        # Once: Ray sends each remote function that it is handed to the cluster.
        self.task = self.ray.remote(_try).options(num_returns=2, max_retries=RETRIES, **as_options(self.wanted))
        self.judge = self._judge(tuner.scheduler) if tuner.scheduler else None
        self.trials: dict[int, Trial] = {}
        self.asked: dict[int, Any] = {}
        self.best: Result | None = None

    def all(self) -> tuple[list[Trial], Result | None]:
        """Every trial, and the result of the best."""
        self._recall()
        total = self.tuner.num_samples * len(self.grid)
        left = [number for number in range(total) if number not in self.trials]
        room = max(1, int(self.ray.cluster_resources().get("CPU", 1) // self.wanted["CPU"]))
        running: dict[Any, tuple[Trial, Any]] = {}
        with counting("trials", total, done=total - len(left)) as one_more:
            while left or running:
                while left and len(running) < room:
                    trial = self._propose(left.pop(0))
                    tried, model = self._start(trial)
                    running[tried] = trial, model
                (ended,), _ = self.ray.wait(list(running), num_returns=1)
                self._finish(*running.pop(ended), ended)
                one_more()
        return [self.trials[number] for number in sorted(self.trials)], self.best

    def _recall(self) -> None:
        """Take over what the journal knows."""
        import optuna

        for number, kept in (self.journal.entries() if self.journal else {}).items():
            values = search.chosen(self.leaves, kept["drawn"])
            settings = with_values(self.tuner.trainer.settings(), values)
            trial = self.trials[number] = Trial(number, values=values, settings=settings, **kept)
            told = {"value": trial.score} if trial.score is not None else {"state": optuna.trial.TrialState.FAIL}
            if trial.stopped:
                told = {"state": optuna.trial.TrialState.PRUNED}
            self.study.add_trial(optuna.trial.create_trial(params=trial.drawn, distributions=dict(self.ranges), **told))
        ranked = [trial for trial in self.trials.values() if trial.score is not None and not trial.stopped]
        if ranked and self.journal:
            first = min(ranked, key=self._rank)
            model = self.journal.model(first.number, self.tuner.trainer.reader(first.settings))
            learned = Learned(model, first.curves, best_round=first.best_round)
            self.best = self.prepared.result(learned, first.settings)

    def _rank(self, trial: Trial) -> tuple[float, int]:
        score = math.inf if trial.score is None else trial.score
        return (score if self.direction == "min" else -score, trial.number)

    def _propose(self, number: int) -> Trial:
        """A trial whose draw follows from seed, number and what has ended: after a kill as without one."""
        self.study.sampler = search.sampler(self.tuner.search, self.tuner.seed, number)
        self.study.enqueue_trial(self.grid[number % len(self.grid)])
        asked = self.asked[number] = self.study.ask(dict(self.ranges))
        values = search.chosen(self.leaves, asked.params)
        trial = Trial(number, dict(asked.params), values, with_values(self.tuner.trainer.settings(), values))
        self.trials[number] = trial
        return trial

    def _judge(self, scheduler: ASHA) -> Any:
        kind = self.ray.remote(num_cpus=0)(Judge)
        return kind.remote(DIRECTIONS[self.direction], scheduler.grace_period, scheduler.reduction_factor)

    def _start(self, trial: Trial) -> Any:
        """References to how the try ended and to its model, which is fetched if it is the best."""
        watch = None
        if self.tuner.scheduler is not None:
            watch = partial(watching, self.judge, self.tuner.scheduler, self.tuner.metric, trial.number)
        threads = max(1, int(self.wanted["CPU"]))
        return self.task.remote(self.prepared.framework, self.tables, trial.settings, threads, watch)

    def _finish(self, trial: Trial, model: Any, ended: Any) -> None:
        import optuna

        states = optuna.trial.TrialState
        asked = self.asked.pop(trial.number)
        better = None
        try:
            self._note(trial, self.ray.get(ended))
            if self._leads(trial):
                learned = Learned(self.ray.get(model), trial.curves, best_round=trial.best_round)
                better = self.best = self.prepared.result(learned, trial.settings)
        except self.ray.exceptions.RayError as error:
            trial.score, trial.error = None, str(failure(error, self.prepared.framework))
        if trial.score is None:
            self.study.tell(asked, state=states.FAIL)
        elif trial.stopped:
            self.study.tell(asked, state=states.PRUNED)
        else:
            self.study.tell(asked, trial.score)
        if self.journal:
            self.journal.keep(trial, better.checkpoint if better else None)

    def _note(self, trial: Trial, tried: "_Tried") -> None:
        """Note how well a trial did."""
        learned = tried.learned
        trial.seconds, trial.stopped = tried.seconds, tried.stopped
        trial.metrics, trial.curves, trial.best_round = learned.metrics, learned.curves, learned.best_round
        metric = self.tuner.metric
        if metric not in trial.metrics:
            raise SettingInvalid(f"there is no metric {metric!r}", next_step=f"measured: {', '.join(trial.metrics)}")
        if math.isfinite(trial.metrics[metric]):
            trial.score = trial.metrics[metric]
        else:
            trial.error = f"{metric} is {trial.metrics[metric]}"

    def _leads(self, trial: Trial) -> bool:
        """Whether it ran to its end and is the best so far."""
        if trial.score is None or trial.stopped:
            return False
        ended = [other for other in self.trials.values() if other.score is not None and not other.stopped]
        return min(ended, key=self._rank) is trial


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


class _Tried(NamedTuple):
    """How a try ended. learned: without its model. seconds: that it took. stopped: before its last round."""

    learned: Learned
    seconds: float
    stopped: bool


def _try(framework: Any, tables: Any, settings: dict[str, Any], threads: int, watch: Any) -> tuple[_Tried, Any]:
    """What a task runs: how it ended, and the model."""
    started = time.monotonic()
    stopped: list[int] = []
    watched = {} if watch is None else {"watch": partial(watch, stopped)}
    learned = framework.learn(tables, settings, threads, **watched)
    return _Tried(replace(learned, model=None), time.monotonic() - started, bool(stopped)), learned.model
