"""Training by several workers at once, under Ray Train: each holds a share of the rows, all end with one model."""

import os
import tempfile
from collections.abc import Mapping
from typing import Any

from shoal.air.cluster import connect, on_cluster
from shoal.air.errors import AirError, SettingInvalid, TrainingFailed
from shoal.air.frameworks.base import Framework, Learned, Table, Watch
from shoal.air.progress import say
from shoal.air.scaling import Scaling
from shoal.air.share import Share

POLL_S = "0.5"
LOST_WORKERS = 3
NO_GPU = {"env_vars": {"CUDA_VISIBLE_DEVICES": ""}}


def learn_together(
    framework: Framework,
    tables: Mapping[str, Table],
    settings: Mapping[str, Any],
    scaling: Scaling,
    wanted: Mapping[str, float],
    watch: Watch | None = None,
) -> Learned:
    """Train with ``scaling.workers`` workers; when one is lost, all begin again at what was kept last.

    watch: told of each round, by the first worker.

    Raises:
        SettingInvalid: the framework trains with one worker.
        TrainingFailed: it refused the data or a setting, or workers were lost more than three times.
    """
    if framework.together is None:
        raise SettingInvalid(f"Scaling(workers={scaling.workers}): {framework.name} trains with one worker")
    say(f"training with {scaling.workers} workers under Ray Train")
    given = {
        "framework": framework,
        "table_ref": connect().put(dict(tables)),
        "settings": dict(settings),
        "threads": max(1, int(wanted["CPU"])),
        "watch": watch,
    }
    learned: Learned = on_cluster(_learn_by_ray_train, given, scaling, dict(wanted))
    return learned


def _learn_by_ray_train(given: dict[str, Any], scaling: Scaling, wanted: dict[str, float]) -> Learned:
    """What the driver of Ray Train runs."""
    os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", POLL_S)
    import ray
    from ray import train

    framework = given["framework"]
    together = framework.together(ray.get(given["table_ref"]))
    with tempfile.TemporaryDirectory(prefix="shoal-air-") as storage:
        trainer = together.trainer(
            _learn_share,
            train_loop_config={"learn": together.learn, "given": given},
            scaling_config=train.ScalingConfig(
                num_workers=scaling.workers, use_gpu=scaling.use_gpu, resources_per_worker=wanted
            ),
            run_config=train.RunConfig(
                storage_path=scaling.storage_path or storage,
                failure_config=train.FailureConfig(max_failures=LOST_WORKERS),
                callbacks=[_giving_up_at_once()],
                worker_runtime_env=_without_gpus(wanted),
            ),
            **together.options,
        )
        try:
            learned: Learned = trainer.fit().return_value
        except train.TrainingFailedError as error:
            told = getattr(error, "controller_failure", None)
            if isinstance(told, AirError):
                raise told from None
            raise TrainingFailed(f"{framework.name} failed on its workers: {_last_line(error)}") from error
        return learned


def _learn_share(config: dict[str, Any]) -> Learned | None:
    """What each worker runs."""
    from ray import train

    context = train.get_context()
    rank, given = context.get_world_rank(), dict(config["given"])
    watch = given.pop("watch")
    share = Share(**given, rank=rank, workers=context.get_world_size(), watch=watch if rank == 0 else None)
    learned: Learned = config["learn"](share)
    return learned if share.is_first else None


def _giving_up_at_once() -> Any:
    """Ends a training whose worker says itself what is wrong: no other try, as after a lost worker, would mend it."""
    from ray.train import UserCallback

    class GivingUp(UserCallback):  # type: ignore[misc]
        def after_exception(self, run_context: Any, worker_exceptions: Mapping[int, Any]) -> None:
            for error in worker_exceptions.values():
                told = getattr(error, "_base_exc", error)  # Ray Train wraps what a worker raised
                if isinstance(told, AirError):
                    raise told

    return GivingUp()


def _without_gpus(wanted: Mapping[str, float]) -> dict[str, Any] | None:
    """Ray leaves GPUs in sight of workers that were given none, and Ray Train would have them train on one."""
    return NO_GPU if connect().cluster_resources().get("GPU") and not wanted.get("GPU") else None


def _last_line(error: BaseException) -> str:
    return [line for line in str(error).splitlines() if line.strip()][-1].strip()
