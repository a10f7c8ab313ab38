"""PyTorch: a training function, and modules that are kept as weights beside a description of their layers."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shoal.air.errors import CheckpointInvalid, ColumnUnfit
from shoal.air.frameworks.base import Framework, Learned, Table, Watch
from shoal.air.reports import Reports, collected

WEIGHTS_FILE = "model.safetensors"
LAYERS_FILE = "layers.json"
ROWS_AT_ONCE = 16384
"""Rows that go through a model in one go: what bounds the memory for what its layers hold between them."""


class Torch(Framework):
    """Settings: ``train_loop_per_worker``, a training function, and ``train_loop_config``, the dict that it is given.

    module: one of a class of your own, as it was trained: `load` puts the weights into it.
    """

    name = "torch"
    packages = ("torch", "safetensors")
    can_be_watched = True
    tolerance = 1e-5

    def __init__(self, module: Any = None) -> None:
        self.module = module

    def learn(
        self, tables: Mapping[str, Table], settings: Mapping[str, Any], threads: int, watch: Watch | None = None
    ) -> Learned:
        """Run the training function here, in what Ray Train calls its local mode: without processes of its own."""
        import torch
        from ray import train
        from ray.train.torch import TorchTrainer

        _hide_what_is_not_ours()
        torch.set_num_threads(threads)
        reports = Reports(watch)
        trainer = TorchTrainer(
            settings["train_loop_per_worker"],
            train_loop_config=dict(settings.get("train_loop_config") or {}),
            scaling_config=train.ScalingConfig(num_workers=0),
            datasets=rows_of(tables, device()),
        )
        with collected(reports):
            trainer.fit()
        return reports.learned()

    def save(self, model: Any, folder: Path) -> None:
        """The weights as safetensors; the layers, where all are PyTorch's own in a Sequential, as JSON."""
        from safetensors.torch import save_file

        from shoal.air.frameworks.torch_layers import described

        weights = {name: value.detach().cpu().clone().contiguous() for name, value in model.state_dict().items()}
        save_file(weights, folder / WEIGHTS_FILE)
        kept = {"class": type(model).__qualname__, "layers": described(model)}
        (folder / LAYERS_FILE).write_text(json.dumps(kept, indent=1) + "\n")

    def load(self, folder: Path, *, trust_code: bool = False) -> Any:
        """The module, with its weights, ready to predict.

        Raises:
            CheckpointInvalid: it is of a class of somebody's own, and none was handed in; or of other layers.
        """
        from safetensors.torch import load_file

        from shoal.air.frameworks.torch_layers import built

        kept = json.loads((folder / LAYERS_FILE).read_text())
        if self.module is None and kept["layers"] is None:
            raise CheckpointInvalid(
                f"its model is a {kept['class']}, which is no class of PyTorch's",
                next_step="hand one in: air.load(path, framework=shoal.air.frameworks.torch.Torch(module))",
            )
        module = built(kept["layers"]) if self.module is None else self.module
        try:
            module.load_state_dict(load_file(folder / WEIGHTS_FILE))
        except RuntimeError as error:
            raise CheckpointInvalid(
                f"its weights are of other layers: {str(error).splitlines()[-1].strip()}"
            ) from error
        return module.eval()

    def predict(self, model: Any, features: Any) -> Any:
        """What the module gives, in single precision; on a GPU where Ray has given one to this process.

        Raises:
            ColumnUnfit: there are missing values.
        """
        import torch

        where = device()
        rows = matrix(features, where="rows to predict for")
        parts = [rows[start : start + ROWS_AT_ONCE] for start in range(0, len(rows), ROWS_AT_ONCE)]
        with torch.inference_mode():
            module = model.to(where)
            made = torch.cat([module(torch.from_numpy(part).to(where)).float().cpu() for part in parts]).numpy()
        return made[:, 0] if made.ndim > 1 and made.shape[1] == 1 else made


class Rows:
    """A data set as a training function gets it from ``ray.train.get_dataset_shard``.

    features: a tensor of a row of floats a row. label: one of a value a row: whole numbers as int64, others as floats.
    Both are on the device on which this worker trains.
    """

    def __init__(self, features: Any, label: Any) -> None:
        self.features = features
        self.label = label

    def __len__(self) -> int:
        return len(self.label)

    def iter_torch_batches(
        self, *, batch_size: int = 256, shuffle: bool = False, drop_last: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Batches as dicts of "features" and "label".

        shuffle: in an order that PyTorch's generator draws anew each time. drop_last: leave out a last, smaller batch.
        """
        import torch

        order = torch.randperm(len(self)).to(self.label.device) if shuffle else None
        for start in range(0, len(self), batch_size):
            stop = start + batch_size
            if drop_last and stop > len(self):
                return
            rows = slice(start, stop) if order is None else order[start:stop]
            yield {"features": self.features[rows], "label": self.label[rows]}


def rows_of(tables: Mapping[str, Table], where: Any) -> dict[str, Rows]:
    """Each table as tensors.

    Raises:
        ColumnUnfit: there are missing values.
    """
    import torch

    made = {}
    for name, table in tables.items():
        whole = table.label.dtype.kind in "iu"
        label = torch.as_tensor(table.label.astype("int64" if whole else "float32"))
        features = torch.from_numpy(matrix(table.features, where=f"data set {name!r}"))
        made[name] = Rows(features.to(where), label.to(where))
    return made


def matrix(features: Any, *, where: str) -> Any:
    """The table as a matrix of single precision.

    Raises:
        ColumnUnfit: a column holds categories, or missing values.
    """
    import pandas as pd

    for name in features.columns:
        column = features[name]
        place = f"column {name!r} of {where}"
        if isinstance(column.dtype, pd.CategoricalDtype):
            raise ColumnUnfit("it holds categories, and PyTorch takes numbers", where=place)
        if column.isna().any():
            raise ColumnUnfit(
                f"{int(column.isna().sum())} of {len(column)} values are missing, and a network takes no gaps",
                where=place,
                next_step="fill them, as with air.SimpleImputer in the preprocessor",
            )
    return features.to_numpy(dtype="float32")


def device() -> Any:
    """The GPU that Ray has given to this process, or the CPU."""
    import torch

    return torch.device("cuda" if _has_gpu() and torch.cuda.is_available() else "cpu")


def _has_gpu() -> bool:
    import ray

    return ray.is_initialized() and bool(ray.get_runtime_context().get_accelerator_ids().get("GPU"))


def _hide_what_is_not_ours() -> None:
    """Ray leaves GPUs in sight of tasks that were given none, and its local mode would take one."""
    if not _has_gpu():
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
