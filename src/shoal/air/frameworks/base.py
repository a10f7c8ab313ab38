"""The contract of a framework: what `shoal.air` asks of XGBoost, LightGBM, scikit-learn or one of your own."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from shoal.air.arguments import expect, expect_count

if TYPE_CHECKING:
    from shoal.air.share import Together

Watch: TypeAlias = Callable[[int, Mapping[str, float]], bool]
"""Told after each round of how many there were and the newest value of each curve; says whether learning goes on."""


@dataclass(frozen=True)
class Table:
    """Rows to learn from: features, all numbers, and the label of each row.

    features: a pandas DataFrame, or an array of NumPy's.
    label: one value a row.
    lengths: of the columns of vectors that became a feature an element.
    """

    features: Any
    label: Any
    weight: Any = None
    lengths: Mapping[str, int] = field(default_factory=dict)

    def share(self, rank: int, workers: int) -> "Table":
        """The rows that fall to one of several workers: each gets every so-manieth."""
        rows = slice(rank, None, workers)
        features = self.features.iloc[rows] if hasattr(self.features, "iloc") else self.features[rows]
        return Table(features, self.label[rows], None if self.weight is None else self.weight[rows])


@dataclass(frozen=True)
class Learned:
    """What training gave.

    model: as the framework has it.
    curves: a list of values for each data set and metric, one value a round, as ``{"valid-logloss": [0.5, 0.4]}``.
    best_round: that of which the model's predictions are, from 0. None: the last.
    """

    model: Any
    curves: dict[str, list[float]] = field(default_factory=dict)
    best_round: int | None = None

    @property
    def metrics(self) -> dict[str, float]:
        """The value of each curve at the best round, or else the last."""
        at = -1 if self.best_round is None else self.best_round
        return {name: values[at] for name, values in self.curves.items() if values}


def rounds_of(settings: Mapping[str, Any], otherwise: int) -> int:
    """How many rounds are asked for, ``otherwise`` if that isn't said.

    Raises:
        SettingInvalid: less than one, or no whole number.
    """
    told = settings.get("num_boost_round")
    rounds = otherwise if told is None else told
    expect_count("num_boost_round", rounds)
    return int(rounds)


def params_of(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters of a library's own, by their names.

    Raises:
        SettingInvalid: these are no names and values.
    """
    params: Mapping[str, Any] = settings.get("params") or {}
    expect("params", params, Mapping, next_step="a dict of names and values: params={'max_depth': 4}")
    return params


class Framework(ABC):
    """A library that learns. It holds no state: everything it needs is handed to it.

    name: as it stands in a checkpoint.
    packages: whose versions are kept with the model.
    modules: that take long to import: this is done beside other work.
    labels_are_numbers: whether it can't learn from labels that are words.
    can_be_watched: whether it learns in rounds, and its `learn` takes a `Watch`, ``watch=``.
    takes_tables: whether it learns from tables and predicts for rows of them.
    tolerance: how far apart, relatively, predictions for one row may be in batches of other sizes or on other devices.
    together: a method, how several workers learn one model from tables; it is called where the driver of Ray Train
        runs. None: it trains with one worker.
    """

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]
    modules: ClassVar[tuple[str, ...]] = ()
    labels_are_numbers: ClassVar[bool] = True
    can_be_watched: ClassVar[bool] = False
    takes_tables: ClassVar[bool] = True
    tolerance: ClassVar[float] = 0.0
    together: "ClassVar[Callable[[Any, Mapping[str, Table]], Together] | None]" = None

    @abstractmethod
    def learn(self, tables: Mapping[str, Table], settings: Mapping[str, Any], threads: int) -> Learned:
        """Train on ``tables["train"]``; the others are only measured. Runs wherever it is called."""

    @abstractmethod
    def save(self, model: Any, folder: Path) -> None:
        """Write the model below ``folder``, in a format that runs no code when it is read."""

    @abstractmethod
    def load(self, folder: Path, *, trust_code: bool = False) -> Any:
        """The model that `save` wrote. Code of the folder's may run only with ``trust_code``."""

    def takes_batches(self, settings: Mapping[str, Any]) -> bool:
        """Whether `learn`, with these settings, takes a `Stream` in place of a table: see its ``tables()``."""
        return False

    def rounds(self, settings: Mapping[str, Any]) -> int | None:
        """How many rounds there will be at most; None where it doesn't learn in rounds."""
        return None

    def importance(self, model: Any, features: list[str]) -> dict[str, float] | None:
        """How much each feature matters, as the library tells; None where it doesn't."""
        return None

    @abstractmethod
    def predict(self, model: Any, features: Any) -> Any:
        """A prediction for each row: an array of one number a row, or of one row of numbers (one a class)."""
