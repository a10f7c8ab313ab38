"""Where training runs: one worker in a plain Ray task, which costs milliseconds; more of them under Ray Train."""

from collections.abc import Mapping
from typing import Any

from shoal.air.cluster import connect, resources, say_if_waiting, with_free_cpus
from shoal.air.errors import AirError, TrainingFailed
from shoal.air.frameworks.base import Framework, Learned, Table, Watch
from shoal.air.packages import importing
from shoal.air.progress import say
from shoal.air.rounds import rounds_shown
from shoal.air.scaling import Scaling
from shoal.air.stream import Stream

RETRIES = 3
"""How often a task begins anew whose worker was lost."""
SHORT_S = 1.0
"""Until a lone worker, if it hasn't begun, makes do with the CPUs that are free. Ray knows of them within a tenth."""
PATIENCE_S = 10.0
"""Until it is looked whether a task has begun at all."""


def learn(framework: Framework, tables: Mapping[str, Table], settings: Mapping[str, Any], scaling: Scaling) -> Learned:
    """Train with ``scaling.workers`` workers.

    tables: "train" is learned from, the others are measured.

    Raises:
        SettingInvalid: there is no room for the workers.
        TrainingFailed: the framework refused the data or a setting, or a worker was lost for good.
    """
    wanted = resources(scaling)
    with rounds_shown(framework.rounds(settings)) as watch:
        if scaling.workers == 1:
            return learn_in_task(framework, tables, settings, wanted, watch, at_least_one=not scaling.cpus_per_worker)
        from shoal.air.together import learn_together

        return learn_together(framework, tables, settings, scaling, wanted, watch)


def learn_in_task(
    framework: Framework,
    tables: Mapping[str, Table],
    settings: Mapping[str, Any],
    wanted: Mapping[str, float],
    watch: Watch | None = None,
    *,
    at_least_one: bool = False,
) -> Learned:
    """Train in one Ray task, tried again when its worker is lost.

    watch: told there of each round. at_least_one: it may have fewer CPUs than ``wanted``, where others hold the rest.
    """
    ray = connect()
    given = framework, dict(tables), dict(settings)
    try:
        learning = _begun(ray, given, wanted, watch)
        with importing(framework.modules):  # of which the model that comes back is an object
            if at_least_one and not ray.wait([learning], timeout=SHORT_S)[0] and (fewer := with_free_cpus(wanted)):
                say("others hold the rest of the CPUs")
                ray.cancel(learning)
                learning = _begun(ray, given, wanted := fewer, watch)
            if not ray.wait([learning], timeout=PATIENCE_S)[0]:
                say_if_waiting(wanted)
            learned: Learned = ray.get(learning)
    except ray.exceptions.RayError as error:
        told = failure(error, framework)
        raise told from (None if _says_it_all(error) else error)
    return learned


def _begun(ray: Any, given: tuple[Any, ...], wanted: Mapping[str, float], watch: Watch | None) -> Any:
    """A task that learns, with a thread for each CPU."""
    threads = max(1, int(wanted["CPU"]))
    say(f"training in one Ray task with {threads} CPU{'s' if threads > 1 else ''}")
    task = ray.remote(_learn).options(max_retries=RETRIES, **as_options(wanted))
    return task.remote(*given, threads, watch)


def _says_it_all(error: Any) -> bool:
    """Whether words are enough: for what a library refused they are, for a fault in somebody's code they aren't."""
    cause = getattr(error, "cause", None)
    return cause is None or isinstance(cause, AirError | ValueError) or type(cause).__name__ == "LightGBMError"


def as_options(wanted: Mapping[str, float]) -> dict[str, Any]:
    """Resources as the options of a Ray task."""
    rest = {name: amount for name, amount in wanted.items() if name not in ("CPU", "GPU")}
    return {"num_cpus": wanted["CPU"], "num_gpus": wanted.get("GPU", 0), "resources": rest or None}


def failure(error: Any, framework: Framework) -> AirError:
    """What a task raised, in words: its own if it has any, otherwise the framework's."""
    from ray import exceptions

    cause = getattr(error, "cause", None)
    if isinstance(cause, AirError):
        return cause
    lost = exceptions.WorkerCrashedError | exceptions.NodeDiedError | exceptions.OutOfMemoryError
    if isinstance(error, lost):
        return TrainingFailed(
            f"the worker that trained was lost {RETRIES + 1} times: killed, or out of memory",
            next_step="see the logs of Ray's nodes",
        )
    said = str(cause if cause is not None else error).strip()
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("  [bt]")]
    if lines and lines[0].startswith("["):  # XGBoost: "[time] path/file.cc:line: words", then a stack
        lines[0] = lines[0].rpartition(": ")[2]
    return TrainingFailed(f"{framework.name} refused: {lines[0] if lines else type(error).__name__}".rstrip("."))


def _learn(
    framework: Framework, tables: dict[str, Any], settings: dict[str, Any], threads: int, watch: Watch | None
) -> Learned:
    with importing(framework.modules):
        read: dict[str, Any] = {
            name: table.read() if isinstance(table, Stream) else table for name, table in tables.items()
        }
    watched: dict[str, Any] = {} if watch is None else {"watch": watch}
    return framework.learn(read, settings, threads, **watched)
