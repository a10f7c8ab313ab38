"""The contract of a framework: what `shoal.air` asks of XGBoost, LightGBM, scikit-learn or one of your own."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True)
class Table:
    """Rows to learn from: features, all numbers, and the label of each row.

    features: a pandas DataFrame, or anything else that the framework takes.
    label: one value a row.
    """

    features: Any
    label: Any
    weight: Any = None


@dataclass(frozen=True)
class Learned:
    """What training gave.

    model: as the framework has it.
    curves: a list of values for each data set and metric, one value a round, as ``{"valid-logloss": [0.5, 0.4]}``.
    """

    model: Any
    curves: dict[str, list[float]] = field(default_factory=dict)


class Framework(ABC):
    """A library that learns. It holds no state: everything it needs is handed to it.

    name: as it stands in a checkpoint.
    packages: whose versions are kept with the model.
    """

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]

    @abstractmethod
    def learn(self, tables: Mapping[str, Table], settings: Mapping[str, Any], threads: int) -> Learned:
        """Train on ``tables["train"]``; the others are only measured. Runs wherever it is called."""

    @abstractmethod
    def save(self, model: Any, folder: Path) -> None:
        """Write the model below ``folder``, in a format that runs no code when it is read."""

    @abstractmethod
    def load(self, folder: Path) -> Any:
        """The model that `save` wrote."""

    @abstractmethod
    def predict(self, model: Any, features: Any) -> Any:
        """A prediction for each row: an array of one number a row, or of one row of numbers (one a class)."""
