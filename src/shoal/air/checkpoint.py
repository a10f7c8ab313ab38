"""A trained model with all that a prediction needs: the fitted preprocessor, the columns, what the model expects."""

from dataclasses import dataclass, field
from typing import Any

from shoal.air.frameworks.base import Framework
from shoal.air.schema import Schema


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained model with all that a prediction needs.

    framework, model: who can ask it, and it.
    preprocessor: fitted, or None.
    schema: the columns that data to predict for must have.
    features: the columns that the model sees, after the preprocessor.
    label_column: what is predicted.
    metrics, settings: how it was trained, and how well.
    """

    framework: Framework
    model: Any
    preprocessor: Any
    schema: Schema
    features: Schema
    label_column: str
    metrics: dict[str, float] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
