"""The public names of Ray AIR 2.2 and what became of them: `names.yaml`, read and typed."""

from functools import cache
from importlib.resources import files
from typing import Literal, TypeAlias

import msgspec
import yaml

TOOLKIT = "shoal.air"
Fate: TypeAlias = Literal["kept", "changed", "dropped"]


class Name(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One public name of AIR 2.2. What each field says stands at the head of names.yaml.

    old: the whole name, as "ray.train.xgboost.XGBoostTrainer".
    """

    old: str = ""
    fate: Fate
    note: str = ""
    new: str = ""
    also: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    renamed: dict[str, str] = {}
    spread: dict[str, str] = {}
    gone: dict[str, str] = {}
    needless: dict[str, str] = {}
    by_hand: bool = False
    alone: str = ""
    in_torch: str = ""
    gone_in_torch: dict[str, str] = {}
    tuned: bool = False
    watched: bool = False

    @property
    def target(self) -> str:
        """The whole name today, or "" if there is none."""
        if self.fate == "dropped":
            return ""
        return self.new or f"{TOOLKIT}.{self.old.rpartition('.')[2]}"

    @property
    def exported(self) -> str:
        """What it needs from shoal.air: a name there, or ""."""
        below = self.target.removeprefix(f"{TOOLKIT}.")
        return "" if below == self.target else below.partition(".")[0]

    def is_planned(self, available: frozenset[str]) -> bool:
        """Whether its place is in shoal.air, and shoal.air doesn't have it.

        available: the public names of shoal.air.
        """
        return bool(self.exported) and self.exported not in available

    def taken(self) -> tuple[str, ...]:
        """The arguments of AIR 2.2 that can be given today, under today's names."""
        left = {*self.gone, *self.needless, *self.spread}
        return tuple(self.renamed.get(argument, argument) for argument in self.arguments if argument not in left)


@cache
def by_module() -> dict[str, dict[str, Name]]:
    """The table as the file has it: the modules of AIR 2.2, and in each its names."""
    raw = yaml.safe_load(files(__package__).joinpath("names.yaml").read_text(encoding="utf-8"))
    return {
        module: {short: msgspec.structs.replace(name, old=f"{module}.{short}") for short, name in below.items()}
        for module, below in msgspec.convert(raw, dict[str, dict[str, Name]]).items()
    }


@cache
def by_path() -> dict[str, Name]:
    """Every whole name that a script may have used, and the entry that it means. A method is where its class is."""
    paths: dict[str, Name] = {}
    for module, below in by_module().items():
        for short, name in below.items():
            owner = below.get(short.partition(".")[0], name)
            paths |= {f"{place}.{short}": name for place in (module, *owner.also)}
    return paths


def names() -> tuple[Name, ...]:
    """The whole table, in the order of the file."""
    return tuple(name for below in by_module().values() for name in below.values())
