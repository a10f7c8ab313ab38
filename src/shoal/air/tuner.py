"""Tries settings of a trainer, as plain Ray tasks beside each other on rows that are prepared and sent once."""

import json
import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from shoal.air import search
from shoal.air.arguments import as_path, expect, expect_count
from shoal.air.asha import ASHA
from shoal.air.errors import SettingInvalid, TrainingFailed
from shoal.air.journal import Journal, read_study
from shoal.air.parameters import Parameters, name_of
from shoal.air.progress import say
from shoal.air.result import Result
from shoal.air.scaling import expect_scaling
from shoal.air.trainer import Prepared, Trainer
from shoal.air.trial import Trial
from shoal.air.tuning import Run


class Tuner(Parameters):
    """Tries settings of a trainer, each in one Ray task: of the trainer's ``scaling`` it takes what one worker gets.

    space: parameters of the trainer to ranges, nested as they are: ``{"params": {"eta": air.loguniform(1e-3, 0.3)}}``.
    metric, mode: what is to become smallest ("min") or largest ("max"), as ``"valid-logloss"``. mode None: what the
        metric's name says, where it is one of XGBoost's, LightGBM's, scikit-learn's or RLlib's.
    num_samples: how many tries; of each combination when there are grids.
    search: "random", or "optuna" (its TPE: later tries learn from earlier ones).
    seed: the same seed proposes the same tries ("optuna": when they end in the same order).
    scheduler: `air.ASHA` ends tries early that are behind others. None: each runs to its end.
    storage_path: a folder in which each try that has ended is kept. The same tuner, run again, goes on from there.
    """

    def __init__(
        self,
        trainer: Trainer,
        space: Mapping[str, Any],
        *,
        metric: str,
        mode: str | None = None,
        num_samples: int = 10,
        search: str = "random",
        seed: int | None = None,
        scheduler: ASHA | None = None,
        storage_path: str | Path | None = None,
    ) -> None:
        self.trainer = trainer
        self.space = space
        self.metric = metric
        self.mode = mode
        self.num_samples = num_samples
        self.search = search
        self.seed = seed
        self.scheduler = scheduler
        self.storage_path = storage_path

    @classmethod
    def restore(cls, path: str | Path, trainer: Trainer) -> "Tuner":
        """The tuner whose ``storage_path`` this is. Its `fit` makes the tries that are missing.

        trainer: with the same settings and data as before; of both only what tells them apart is kept.

        Raises:
            CheckpointInvalid: it is no tuner's folder.
        """
        study = read_study(as_path("path", path))
        names = ("metric", "mode", "num_samples", "search", "seed")
        scheduler = ASHA(**study["scheduler"]) if study["scheduler"] else None
        kept = {name: study[name] for name in names}
        return cls(trainer, search.from_json(study["space"]), scheduler=scheduler, storage_path=path, **kept)

    def fit(self) -> "Tuned":
        """Try them all. A try that fails is kept with its error, and the others go on.

        Raises:
            SettingInvalid: the space names no parameter of the trainer, or the metric is none that it measures, or one
                of unknown direction.
            TrainingFailed: every try failed.
        """
        self._check_types()
        leaves = search.flat(self.space)
        self._check(leaves)
        started = time.monotonic()
        prepared = self.trainer.prepare()
        journal = Journal(as_path("storage_path", self.storage_path)) if self.storage_path is not None else None
        with journal.held(self._study(leaves, prepared)) if journal else nullcontext():
            trials, best = Run(self, leaves, prepared, journal).all()
        if best is None:
            raise TrainingFailed(f"all {len(trials)} trials failed, the first so: {trials[0].error}")
        took = time.monotonic() - started
        say(f"{len(trials)} trials in {took:.2f} s, best {self.metric} {best.metrics[self.metric]:.4g}")
        return Tuned(trials, best, self.metric, self.direction)

    @property
    def direction(self) -> str:
        """``mode``, or what the name of the metric says.

        Raises:
            SettingInvalid: it says nothing.
        """
        told = self.mode or search.better(self.metric)
        if told is None:
            raise SettingInvalid(
                f"whether {self.metric!r} is to become small or large isn't known",
                next_step="say mode='min' or mode='max'",
            )
        return told

    def _check_types(self) -> None:
        expect("trainer", self.trainer, Trainer, next_step="as air.XGBoostTrainer(...), before its fit()")
        expect_scaling(self.trainer.scaling)
        expect("space", self.space, Mapping, next_step="as {'params': {'eta': air.uniform(0.1, 0.5)}}")
        expect("metric", self.metric, str, next_step="as metric='valid-logloss'")
        expect_count("num_samples", self.num_samples)
        if self.seed is not None:
            expect_count("seed", self.seed, 0)
        if self.scheduler is not None:
            expect("scheduler", self.scheduler, ASHA, next_step="as scheduler=air.ASHA()")

    def _check(self, leaves: Mapping[tuple[str, ...], Any]) -> None:
        if self.direction not in ("min", "max"):
            raise SettingInvalid(f"mode={self.mode!r} is neither 'min' nor 'max'")
        if self.search not in search.SAMPLERS:
            raise SettingInvalid(f"search={self.search!r} is none of {', '.join(search.SAMPLERS)}")
        if "://" in str(self.storage_path):
            raise SettingInvalid(f"storage_path={self.storage_path!r} is no folder of this machine's")
        if self.scheduler is not None:
            self.scheduler.check()
            if not self.trainer.framework.can_be_watched:
                raise SettingInvalid(f"scheduler: {self.trainer.framework.name} doesn't learn in rounds")
        for path in leaves:
            if path[0] not in self.trainer.setting_names:
                raise SettingInvalid(
                    f"the search space names {path[0]!r}, which is no setting of {type(self.trainer).__name__}",
                    next_step=f"it has {', '.join(self.trainer.setting_names)}",
                )

    def _study(self, leaves: Mapping[tuple[str, ...], Any], prepared: Prepared) -> dict[str, Any]:
        """What is searched, as it stands in a journal."""
        scheduler = self.scheduler
        return {
            "trainer": type(self.trainer).__name__,
            "settings": json.loads(json.dumps(self.trainer.settings(), default=name_of)),
            "data": prepared.print_of_data(),
            "space": search.to_json(leaves),
            "metric": self.metric,
            "mode": self.direction,
            "num_samples": self.num_samples,
            "search": self.search,
            "seed": self.seed,
            "scheduler": vars(scheduler) if scheduler else None,
        }


class Tuned:
    """What tuning gave.

    trials: in the order in which they were proposed.
    """

    def __init__(self, trials: list[Trial], best: Result, metric: str, mode: str = "min") -> None:
        self.trials = trials
        self.metric = metric
        self.mode = mode
        self._best = best

    def best(self) -> Result:
        """The result of the best trial."""
        return self._best

    def to_pandas(self) -> Any:
        """A row a trial: what was tried, what came out, how long it took, and the error of those that failed."""
        import pandas as pd

        return pd.DataFrame([trial.row for trial in self.trials]).rename_axis("trial")

    def plot(self) -> Any:
        """A figure of Matplotlib's: the score of each trial, and the best so far.

        Raises:
            PackageMissing: Matplotlib isn't installed.
        """
        from shoal.air.plots import of_trials

        return of_trials([trial.score for trial in self.trials], self.metric, self.mode)

    def __repr__(self) -> str:
        return f"Tuned({len(self.trials)} trials, best {self.metric} {self._best.metrics[self.metric]:.4g})"

    def _repr_html_(self) -> str:
        return str(self.to_pandas().to_html())
