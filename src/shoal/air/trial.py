"""One try of a tuner, and how it stands in a journal."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Trial:
    """One try.

    number: from 0, in the order of the proposals.
    drawn: what was drawn for it, by the path's parts joined with dots; an option by its position.
    values: what that means, by path into the trainer's parameters. settings: all that the framework was told.
    score: that of the metric. None: it failed, and ``error`` says why.
    curves, best_round: as in `Learned`. stopped: a scheduler ended it before its last round.
    """

    number: int
    drawn: dict[str, Any]
    values: dict[tuple[str, ...], Any]
    settings: dict[str, Any]
    score: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    curves: dict[str, list[float]] = field(default_factory=dict)
    best_round: int | None = None
    seconds: float = 0.0
    stopped: bool = False
    error: str = ""

    @property
    def row(self) -> dict[str, Any]:
        """What a table of trials shows of it."""
        tried = {".".join(path): value for path, value in self.values.items()}
        return tried | self.metrics | {"seconds": self.seconds, "stopped": self.stopped, "error": self.error}
