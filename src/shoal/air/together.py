"""Training by several workers at once, under Ray Train: each holds a share of the rows, all end with one model."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoal.air.cluster import connect, on_cluster
from shoal.air.errors import SettingInvalid, TrainingFailed
from shoal.air.frameworks.base import Framework, Learned, Table, Watch
from shoal.air.progress import say
from shoal.air.scaling import Scaling

REPORTS = 4
"""How often in a training the model is kept: a lost worker costs at most that share of the work. Each report costs one
of Ray Train's polls, which is why not every boosting round makes one."""
POLL_S = "0.5"
LOST_WORKERS = 3
CURVES_FILE = "curves.json"


def learn_together(
    framework: Framework,
    tables: Mapping[str, Table],
    settings: Mapping[str, Any],
    scaling: Scaling,
    wanted: Mapping[str, float],
    watch: Watch | None = None,
) -> Learned:
    """Train with ``scaling.workers`` workers; a lost one begins again at the last report.

    watch: told of each round, by the first worker.

    Raises:
        SettingInvalid: the framework trains with one worker.
        TrainingFailed: it refused the data or a setting, or workers were lost more than three times.
    """
    if framework.name != "xgboost":
        raise SettingInvalid(f"Scaling(workers={scaling.workers}): {framework.name} trains with one worker")
    say(f"training with {scaling.workers} workers under Ray Train")
    config = {
        "framework": framework,
        "tables": connect().put(dict(tables)),
        "settings": dict(settings),
        "threads": max(1, int(wanted["CPU"])),
        "watch": watch,
    }
    learned: Learned = on_cluster(_learn_by_ray_train, config, scaling, dict(wanted))
    return learned


def _learn_by_ray_train(config: dict[str, Any], scaling: Scaling, wanted: dict[str, float]) -> Learned:
    """What the driver of Ray Train runs."""
    os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", POLL_S)
    from ray import train
    from ray.train.xgboost import XGBoostTrainer

    from shoal.air.frameworks.xgboost import best_round

    framework = config["framework"]
    with tempfile.TemporaryDirectory(prefix="shoal-air-") as storage:
        trainer = XGBoostTrainer(
            _learn_share,
            train_loop_config=config,
            scaling_config=train.ScalingConfig(
                num_workers=scaling.workers, use_gpu=scaling.use_gpu, resources_per_worker=wanted
            ),
            run_config=train.RunConfig(
                storage_path=scaling.storage_path or storage,
                failure_config=train.FailureConfig(max_failures=LOST_WORKERS),
            ),
        )
        try:
            result = trainer.fit()
        except train.TrainingFailedError as error:
            raise TrainingFailed(f"{framework.name} failed on its workers: {_last_line(error)}") from error
        with result.checkpoint.as_directory() as folder:
            curves = json.loads((Path(folder) / CURVES_FILE).read_text())
            model = framework.load(Path(folder))
            return Learned(model, curves, best_round=best_round(model))


def _last_line(error: BaseException) -> str:
    return [line for line in str(error).splitlines() if line.strip()][-1].strip()


def _learn_share(config: dict[str, Any]) -> None:
    """What each worker runs."""
    import ray
    from ray import train

    from shoal.air.frameworks.base import rounds_of
    from shoal.air.frameworks.xgboost import ROUNDS, boost, watched_by

    context = train.get_context()
    rank, workers = context.get_world_rank(), context.get_world_size()
    tables = {name: table.share(rank, workers) for name, table in ray.get(config["tables"]).items()}
    framework, settings = config["framework"], config["settings"]
    rounds = rounds_of(settings, ROUNDS)
    begun, curves = _resumed(framework)
    left = rounds - (begun.num_boosted_rounds() if begun is not None else 0)
    keeper = framework if rank == 0 else None
    keeping = _keeping(-(-rounds // REPORTS), curves, keeper)
    watched = (watched_by(config["watch"]),) if config["watch"] is not None and rank == 0 else ()
    learned = boost(tables, settings, left, config["threads"], callbacks=(keeping, *watched), begun=begun)
    _report(learned.model, _joined(curves, learned.curves), keeper)


def _keeping(every: int, before: dict[str, list[float]], framework: Framework | None) -> Any:
    """A callback of XGBoost's that keeps the model after each so many rounds."""
    from xgboost.callback import TrainingCallback

    from shoal.air.frameworks.xgboost import curves_of

    class Keeping(TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            if (epoch + 1) % every == 0:
                _report(model, _joined(before, curves_of(evals_log)), framework)
            return False

    return Keeping()


def _joined(before: dict[str, list[float]], after: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: before.get(name, []) + after.get(name, []) for name in {**before, **after}}


def _resumed(framework: Framework) -> tuple[Any, dict[str, list[float]]]:
    from ray import train

    checkpoint = train.get_checkpoint()
    if checkpoint is None:
        return None, {}
    with checkpoint.as_directory() as folder:
        return framework.load(Path(folder)), json.loads((Path(folder) / CURVES_FILE).read_text())


def _report(model: Any, curves: dict[str, list[float]], framework: Framework | None) -> None:
    """Report the newest values, and the model by the worker that has a ``framework`` to keep it by."""
    from ray import train

    metrics = {name: values[-1] for name, values in curves.items()}
    with tempfile.TemporaryDirectory() as folder:
        if framework is not None:
            framework.save(model, Path(folder))
            (Path(folder) / CURVES_FILE).write_text(json.dumps(curves))
        train.report(metrics, checkpoint=train.Checkpoint.from_directory(folder) if framework is not None else None)
