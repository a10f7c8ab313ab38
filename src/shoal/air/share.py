"""One of several workers in a training: what it has at hand, and what of the work outlives a worker that is lost."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from shoal.air.frameworks.base import Framework, Learned, Table, Watch

CURVES_FILE = "curves.json"
Curves: TypeAlias = dict[str, list[float]]
T = TypeVar("T")


@dataclass(frozen=True)
class Together:
    """How several workers of a framework learn one model under Ray Train.

    trainer: Ray Train's class for it, which joins the workers. options: its arguments that are the framework's own.
    learn: what each worker does. What the first one's gives is the result.
    """

    trainer: Any
    learn: Callable[["Share"], Learned]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Share:
    """The part of one of several workers.

    rank: its own, from 0. workers: how many there are. threads: how many this one may use.
    table_ref: all rows, in Ray's object store. watch: told of each round; only the first worker has one.
    """

    framework: Framework
    table_ref: Any
    settings: Mapping[str, Any]
    threads: int
    rank: int
    workers: int
    watch: Watch | None = None

    @property
    def is_first(self) -> bool:
        """Whether it is this worker whose model, metrics and clock count."""
        return self.rank == 0

    def tables(self) -> dict[str, Table]:
        """The rows that fall to this worker."""
        import ray

        return {name: table.share(self.rank, self.workers) for name, table in ray.get(self.table_ref).items()}

    def begun(self, read: Callable[[Path], T]) -> tuple[T | None, Curves]:
        """What was kept last before a worker was lost, as ``read`` finds it in a folder, and the curves up to then."""
        from ray import train

        checkpoint = train.get_checkpoint()
        if checkpoint is None:
            return None, {}
        with checkpoint.as_directory() as folder:
            curves = Path(folder) / CURVES_FILE
            if not curves.is_file():  # a training function has kept something of its own
                return None, {}
            return read(Path(folder)), json.loads(curves.read_text())

    def keep(self, curves: Curves, write: Callable[[Path], None]) -> None:
        """Keep what the first worker writes into a folder, and its curves. All workers call this, each as often.

        It costs one of Ray Train's polls.
        """
        from ray import train

        metrics = {name: values[-1] for name, values in curves.items()}
        if not self.is_first:
            train.report(metrics)
            return
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder))
            (Path(folder) / CURVES_FILE).write_text(json.dumps(curves))
            train.report(metrics, checkpoint=train.Checkpoint.from_directory(folder))

    def agreed(self, word: str) -> str:
        """What the first worker says. All workers call this, and wait for each other."""
        from ray.train.collective import broadcast_from_rank_zero

        return str(broadcast_from_rank_zero(word))


def joined(before: Curves, after: Curves) -> Curves:
    """Curves that go on."""
    return {name: before.get(name, []) + after.get(name, []) for name in {**before, **after}}
