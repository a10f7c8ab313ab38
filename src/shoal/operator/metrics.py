"""Numbers about the operator, in Prometheus' text format: two types of it are used, so no library is."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec

Labels: TypeAlias = tuple[tuple[str, str], ...]
Sample: TypeAlias = tuple[Mapping[str, str], float]

SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Family(msgspec.Struct, frozen=True):
    """Samples of one name, read when they are asked for. kind: counter, gauge or histogram."""

    name: str
    kind: str
    help: str
    samples: Iterable[Sample]


class Counter:
    """Goes up, by labels."""

    def __init__(self, name: str, help_: str) -> None:
        self.name, self.help = name, help_
        self._values: dict[Labels, float] = {}

    def add(self, amount: float = 1, **labels: str) -> None:
        """Count ``amount`` more of what ``labels`` say."""
        key = tuple(labels.items())
        self._values[key] = self._values.get(key, 0) + amount

    def value(self, **labels: str) -> float:
        """What was counted so far."""
        return self._values.get(tuple(labels.items()), 0)

    def family(self) -> Family:
        """For ``exposition``."""
        return Family(self.name, "counter", self.help, [(dict(key), value) for key, value in self._values.items()])


class Histogram:
    """How long something took, in seconds. labels: of all its lines."""

    def __init__(self, name: str, help_: str, **labels: str) -> None:
        self.name, self.help, self._labels = name, help_, labels
        self._buckets = [0] * (len(SECONDS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """It took ``seconds`` this time."""
        self._buckets[bisect_left(SECONDS, seconds)] += 1
        self._sum += seconds

    def lines(self) -> Iterator[str]:
        """Its part of the exposition."""
        yield from _heading(self.name, "histogram", self.help)
        count = 0
        for bound, in_bucket in zip((*SECONDS, float("inf")), self._buckets, strict=True):
            count += in_bucket
            le = "+Inf" if bound == float("inf") else f"{bound:g}"
            yield _line(f"{self.name}_bucket", {**self._labels, "le": le}, count)
        yield _line(f"{self.name}_sum", self._labels, self._sum)
        yield _line(f"{self.name}_count", self._labels, count)


def exposition(families: Iterable[Family | Histogram]) -> str:
    """The text that Prometheus reads."""
    lines: list[str] = []
    for family in families:
        if isinstance(family, Histogram):
            lines += family.lines()
            continue
        lines += _heading(family.name, family.kind, family.help)
        lines += (_line(family.name, labels, value) for labels, value in family.samples)
    return "\n".join(lines) + "\n"


def _heading(name: str, kind: str, help_: str) -> Iterator[str]:
    yield f"# HELP {name} {help_}"
    yield f"# TYPE {name} {kind}"


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    said = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{said}}} {value:g}" if said else f"{name} {value:g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
