"""Cases of lint: a clean document, and what a change to it is found to be."""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from shoal.lint.facts import Facts

CASES = Path(__file__).parents[2] / "cases/lint"
HERE = Facts(ray_version="2.60.0", python_version="3.11")


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """set: dotted path to its new value, None to remove it. also: a document beside. finds: "CODE path", sorted.

    fixed: the values there once the fixes are applied. facts: that differ from HERE.
    """

    name: str
    finds: tuple[str, ...]
    base: str = ""
    set: dict[str, Any] = {}
    also: dict[str, Any] | None = None
    facts: dict[str, Any] = {}
    fixed: dict[str, Any] = {}

    @property
    def text(self) -> str:
        """The clean document with the change."""
        documents = [changed(yaml.safe_load((CASES / self.base).read_text()), self.set)]
        return yaml.safe_dump_all([*documents, self.also] if self.also else documents, sort_keys=False)

    @property
    def known(self) -> Facts:
        given = {**msgspec.structs.asdict(HERE), **self.facts}
        return msgspec.convert(given, Facts)


def changed(document: Any, changes: dict[str, Any]) -> Any:
    """``document`` with every dotted path of ``changes`` set, or removed where the value is None."""
    for dotted, value in changes.items():
        *way, last = (int(step) if step.isdecimal() else step for step in dotted.split("."))
        place = document
        for step in way:
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})
        if value is None:
            del place[last]
        elif isinstance(last, int) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return document


def cases() -> list[Case]:
    """Every case of both kinds of document."""
    found = []
    for kind in ("raycluster", "clusterfile"):
        read = msgspec.convert(yaml.safe_load((CASES / f"{kind}.yaml").read_text()), list[Case])
        found += [msgspec.structs.replace(case, base=f"clean-{kind}.yaml") for case in read]
    return found
