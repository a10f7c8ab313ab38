"""What a tuner may vary, and how: the words of Ray Tune, each a value that says its range."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from shoal.air.arguments import expect, expect_names
from shoal.air.errors import SettingInvalid


@dataclass(frozen=True)
class Real:
    """A number between ``low`` and ``high``; ``log``: even over their logarithms."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Whole:
    """A whole number from ``low`` to ``high``, both included."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True)
class Choice:
    """One of the options; ``every``: each of them in turn, with every other."""

    options: tuple[Any, ...]
    every: bool = False


def uniform(lower: float, upper: float) -> Real:
    """A number between the two."""
    return Real(lower, upper)


def loguniform(lower: float, upper: float) -> Real:
    """A number between the two, even over their logarithms."""
    return Real(lower, upper, log=True)


def randint(lower: int, upper: int) -> Whole:
    """A whole number from ``lower`` up to ``upper``, which is not included."""
    return Whole(lower, upper - 1)


def lograndint(lower: int, upper: int) -> Whole:
    """A whole number from ``lower`` up to ``upper`` (not included), even over their logarithms."""
    return Whole(lower, upper - 1, log=True)


def choice(options: Sequence[Any]) -> Choice:
    """One of ``options``."""
    return Choice(_options(options))


def grid_search(options: Sequence[Any]) -> Choice:
    """Each of ``options``, with every combination of the other grids."""
    return Choice(_options(options), every=True)


def _options(options: Sequence[Any]) -> tuple[Any, ...]:
    expect_names("options", options)
    return tuple(options)


Domain = Real | Whole | Choice
SAMPLERS = ("random", "optuna")
LARGER = (
    *("auc", "aucpr", "auc_mu", "average_precision", "map", "ndcg", "pre"),
    *("accuracy", "score", "episode_return_mean"),
)
SMALLER = (
    *("loss", "error", "deviance", "nloglik", "entropy", "leibler", "poisson", "gamma", "tweedie"),
    *("mse", "mae", "mape", "rmse", "rmsle", "mphe", "l1", "l2", "quantile", "huber", "fair"),
)
"""Both: how the names end that XGBoost, LightGBM, scikit-learn and RLlib give metrics."""


def better(metric: str) -> str | None:
    """Whether a metric is to become small ("min") or large ("max"), by its name; None: it is none that is known.

    As ``valid-auc``, ``valid-ndcg@5-``, ``valid-binary_logloss``.
    """
    name = metric.removesuffix("-").rpartition("-")[2].partition("@")[0]
    if name.endswith(SMALLER):
        return "min"
    return "max" if name.endswith(LARGER) else None


def sampler(search: str, seed: int | None, number: int) -> Any:
    """What draws for one trial: the same for the same seed and number, whatever was drawn in this process before."""
    import numpy as np
    from optuna import samplers

    own = None if seed is None else int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    return {"random": samplers.RandomSampler, "optuna": samplers.TPESampler}[search](seed=own)


def flat(space: Mapping[str, Any], above: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """The leaves of a nested space by their paths; a leaf that is no range stays as it is."""
    leaves: dict[tuple[str, ...], Any] = {}
    for name, value in space.items():
        expect(f"the name {name!r} in the search space", name, str, next_step="names are text")
        if isinstance(value, Mapping) and set(value) != {"grid_search"}:
            leaves |= flat(value, (*above, name))
        else:
            leaves[(*above, name)] = _domain(value)
    return leaves


def _domain(value: Any) -> Any:
    """Ray Tune's own words for a range are understood too."""
    if isinstance(value, Mapping):
        return grid_search(value["grid_search"])
    kind = f"{type(value).__module__}.{type(value).__name__}"
    if not kind.startswith("ray.tune.search.sample."):
        return value
    log = "Log" in type(value.get_sampler()).__name__
    match type(value).__name__:
        case "Integer":
            return Whole(value.lower, value.upper - 1, log)
        case "Float":
            return Real(value.lower, value.upper, log)
        case "Categorical":
            return Choice(tuple(value.categories))
    raise SettingInvalid(f"{value!r} can't be searched", next_step="use air.uniform, loguniform, randint or choice")


def distributions(leaves: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """The ranges as Optuna has them, by their paths joined with dots. Options are named by their position."""
    from optuna import distributions as optuna

    made: dict[str, Any] = {}
    for path, domain in leaves.items():
        name = ".".join(path)
        try:
            if isinstance(domain, Real):
                made[name] = optuna.FloatDistribution(domain.low, domain.high, log=domain.log)
            elif isinstance(domain, Whole):
                made[name] = optuna.IntDistribution(domain.low, domain.high, log=domain.log)
            elif isinstance(domain, Choice):
                made[name] = optuna.CategoricalDistribution(list(range(len(domain.options))))
        except TypeError as error:
            step = "as air.uniform(0.1, 0.5) or air.randint(1, 9)"
            raise SettingInvalid("its ends are no numbers", where=f"search space, {name!r}", next_step=step) from error
        except ValueError as error:
            raise SettingInvalid(str(error).rstrip("."), where=f"search space, {name!r}") from error
    return made


def grid(leaves: Mapping[tuple[str, ...], Any]) -> Iterator[dict[str, int]]:
    """Every combination of the grids, by name and position; one empty one when there is no grid."""
    grids = {".".join(path): leaf for path, leaf in leaves.items() if isinstance(leaf, Choice) and leaf.every}
    for positions in product(*(range(len(leaf.options)) for leaf in grids.values())):
        yield dict(zip(grids, positions, strict=True))


def chosen(leaves: Mapping[tuple[str, ...], Any], drawn: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    """The value of every leaf, given what was drawn."""
    values = {}
    for path, leaf in leaves.items():
        value = drawn.get(".".join(path), leaf)
        values[path] = leaf.options[value] if isinstance(leaf, Choice) else value
    return values


def to_json(leaves: Mapping[tuple[str, ...], Any]) -> list[list[Any]]:
    """The leaves of a space: a path, a kind and what it holds, each."""
    from shoal.air.stored import encode

    made: list[list[Any]] = []
    for path, leaf in leaves.items():
        if isinstance(leaf, Domain):
            made.append([list(path), type(leaf).__name__, encode({**vars(leaf)})])
        else:
            made.append([list(path), "", encode(leaf)])
    return made


def from_json(leaves: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """The nested space that `to_json` was given the leaves of.

    Raises:
        CodeNotTrusted: an option is a function or an object whose reading would run code.
    """
    from shoal.air.stored import decode

    kinds = {kind.__name__: kind for kind in (Real, Whole, Choice)}
    space: dict[str, Any] = {}
    for path, kind, held in leaves:
        value = decode(held, trust_code=False)
        inner = space
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = kinds[kind](**value) if kind else value
    return space
