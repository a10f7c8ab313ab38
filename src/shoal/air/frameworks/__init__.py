"""One module a library that learns: how it trains, and how its model is written, read and asked."""

from importlib import import_module
from typing import TYPE_CHECKING

from shoal.air.errors import CheckpointInvalid

if TYPE_CHECKING:
    from shoal.air.frameworks.base import Framework

HOMES = {"lightgbm": "LightGBM", "rllib": "RLlib", "sklearn": "Sklearn", "torch": "Torch", "xgboost": "XGBoost"}
"""Each framework's module, by the name that stands in a checkpoint, and its class."""


def framework_named(name: str) -> "Framework":
    """
    Raises:
        CheckpointInvalid: there is none of this name.
    """
    if name not in HOMES:
        raise CheckpointInvalid(
            f"its framework {name!r} is none of {', '.join(HOMES)}",
            next_step="hand it in: air.load(path, framework=...)",
        )
    framework: Framework = getattr(import_module(f"shoal.air.frameworks.{name}"), HOMES[name])()
    return framework
