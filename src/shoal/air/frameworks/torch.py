"""PyTorch: a training function, and modules that are kept as weights beside a description of their layers."""

import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from shoal.air.errors import CheckpointInvalid
from shoal.air.frameworks.base import Framework, Learned, Table, Watch
from shoal.air.frameworks.torch_rows import Rows, arrays_of, matrix, tensors
from shoal.air.reports import Reports, collected
from shoal.air.share import Together

WEIGHTS_FILE = "model.safetensors"
LAYERS_FILE = "layers.json"
ROWS_AT_ONCE = 16384
"""Rows that go through a model in one go: what bounds the memory for what its layers hold between them."""


class Torch(Framework):
    """Settings: ``train_loop_per_worker``, a training function, and ``train_loop_config``, the dict that it is given.

    module: one of a class of your own, as it was trained: `load` puts the weights into it.
    keep_every_s: how much work a lost one of several workers costs at most, beside a round.
    """

    name = "torch"
    packages = ("torch", "safetensors")
    can_be_watched = True
    tolerance = 1e-5
    keep_every_s: ClassVar[float] = 10.0

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
            datasets={name: Rows(partial(tensors, *pair, device())) for name, pair in arrays_of(tables).items()},
        )
        with collected(reports):
            trainer.fit()
        return reports.learned()

    def together(self, tables: Mapping[str, Table]) -> Together:
        """Each worker learns from a share of "train", as long as any other's, and measures on the whole of the others.

        Raises:
            ColumnUnfit: there are missing values.
        """
        from ray.train.torch import TorchTrainer

        from shoal.air.frameworks.torch_together import Spread, learn_share, placed

        return Together(TorchTrainer, learn_share, {"datasets": placed(tables), "dataset_config": Spread()})

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
                next_step="hand one in: air.load(path, framework=shoal.air.frameworks.torch.Torch(module)); "
                "to a search that goes on: air.TorchTrainer(module=...)",
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
