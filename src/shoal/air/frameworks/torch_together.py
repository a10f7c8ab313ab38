"""PyTorch on several workers: each runs the training function on its share of the rows, and PyTorch joins them."""

import inspect
import time
import traceback
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from ray.train import DataConfig

from shoal.air.errors import AirError, SettingInvalid, TrainingFailed
from shoal.air.frameworks.base import Learned, Table
from shoal.air.frameworks.torch import WEIGHTS_FILE, Torch
from shoal.air.frameworks.torch_rows import Rows, arrays_of, tensors
from shoal.air.reports import Begun, Reports, collected
from shoal.air.share import Share

OPTIMIZER_FILE = "optimizer.pt"
FAULTS = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, TypeError, ValueError,
)  # fmt: skip
"""Of these a training function itself is the cause. Others may come of a worker that was lost, and are tried again."""
END = "end"
KEEP = "keep"
GO_ON = "go on"


class Spread(DataConfig):  # type: ignore[misc]
    """Has Ray Train hand out `placed` tables: of "train" a share for each worker, the others whole."""

    def __init__(self) -> None:
        super().__init__(datasets_to_split=[])  # so that no worker waits for another to ask for rows

    def configure(
        self, datasets: Mapping[str, Any], world_size: int, *_given: Any, **_named: Any
    ) -> list[dict[str, Rows]]:
        """What each worker gets, by its rank."""
        return [
            {
                name: Rows(partial(_fetched, ref, rank, world_size) if name == "train" else partial(_fetched, ref))
                for name, ref in datasets.items()
            }
            for rank in range(world_size)
        ]


def placed(tables: Mapping[str, Table]) -> dict[str, Any]:
    """The tables as arrays in Ray's object store.

    Raises:
        ColumnUnfit: there are missing values.
    """
    import ray

    return {name: ray.put(pair) for name, pair in arrays_of(tables).items()}


def even_share(rows: int, rank: int, workers: int) -> Any:
    """The positions of a worker's rows. Each gets as many: where that doesn't divide, some of the first count twice.

    One that had a batch more than the others would wait for them for ever.
    """
    import numpy as np

    return (rank + workers * np.arange(-(-rows // workers))) % rows


def learn_share(share: Share) -> Learned:
    """What each worker runs."""
    import torch

    torch.set_num_threads(share.threads)
    begun, curves = share.begun(_read)
    keeping = Keeping(share)
    reports = Reports(
        share.watch,
        keeps=share.is_first,
        begun=None if begun is None else Begun(curves, *begun),
        after=keeping.after,
    )
    with collected(reports):
        _run(share.settings["train_loop_per_worker"], dict(share.settings.get("train_loop_config") or {}))
    keeping.end()
    return reports.learned() if share.is_first else Learned(None)


class Keeping:
    """Keeps the first worker's model now and then, by its clock, and notices who reports more often than the others."""

    def __init__(self, share: Share) -> None:
        self.share = share
        self.every_s = cast("Torch", share.framework).keep_every_s
        self.due = time.monotonic() + self.every_s

    def after(self, reports: Reports, told: bool, optimizer: Any) -> None:
        """After a report, on each worker. ``told``: whether of a model."""
        word = self.share.agreed(KEEP if told and time.monotonic() >= self.due else GO_ON)
        if word == END:
            raise self._uneven(f"the first worker has ended, and worker {self.share.rank} reports more")
        if word == KEEP:
            self.share.keep(reports.curves, partial(_write, self.share.framework, reports.model, optimizer))
            self.due = time.monotonic() + self.every_s

    def end(self) -> None:
        """After the last one."""
        if self.share.agreed(END) != END:
            raise self._uneven(f"worker {self.share.rank} has ended, and the first one reports more")

    def _uneven(self, what: str) -> SettingInvalid:
        step = "call it as often on every worker: each waits there for the others, and the first one's counts"
        return SettingInvalid(f"air.report(): {what}", next_step=step)


def _fetched(ref: Any, rank: int = 0, workers: int = 1) -> tuple[Any, Any]:
    """In a worker: its rows as tensors."""
    import ray
    from ray.train.torch import get_device

    features, label = ray.get(ref)
    mine = even_share(len(label), rank, workers)
    return tensors(features[mine], label[mine], get_device())


def _run(function: Any, config: dict[str, Any]) -> None:
    """Call a training function as Ray Train does."""
    try:
        function(config) if inspect.signature(function).parameters else function()
    except AirError:
        raise
    except FAULTS as error:
        said = f"{type(error).__name__}: {error}"
        raise TrainingFailed(f"torch refused: {said}", where=_place(function, error)) from error


def _place(function: Any, error: BaseException) -> str:
    """Where in the file of the function it failed: no trace of it leaves the worker."""
    code = getattr(function, "__code__", None)
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if code and frame.filename == code.co_filename
    ]
    return f"{code.co_filename}, line {lines[-1]}" if code and lines else ""


def _write(framework: Any, model: Any, optimizer: Any, folder: Path) -> None:
    import torch

    framework.save(model, folder)
    if optimizer is not None:
        torch.save(optimizer.state_dict(), folder / OPTIMIZER_FILE)


def _read(folder: Path) -> tuple[Any, Any]:
    """The weights that were kept, and the state of the optimizer, if it was told. Neither is code."""
    import torch
    from safetensors.torch import load_file

    state = folder / OPTIMIZER_FILE
    return load_file(folder / WEIGHTS_FILE), torch.load(state, weights_only=True) if state.is_file() else None
