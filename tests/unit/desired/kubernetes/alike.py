"""Whether our operator and KubeRay's make the same objects of a manifest, but for what was reviewed, with a reason."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from unit.desired.kubernetes.fields import Fields

LISTED = yaml.safe_load((Path(__file__).parents[3] / "cases/kubernetes/differences.yaml").read_text())
ORDER = ("chance", "compat", "secure")
Made = Mapping[str, Fields]
"""The fields of each object that was made, by names as ``Service/c-head-svc`` and ``Pod/headgroup``."""


class Difference(NamedTuple):
    """One field. manifest: the name of what the objects were made of; None: it isn't there."""

    manifest: str
    of: str
    path: str
    kuberay: Any
    ours: Any

    def __str__(self) -> str:
        return f"{self.manifest}: {self.of} {self.path}\n    KubeRay {self.kuberay!r}\n    ours    {self.ours!r}"


class Reviewed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Differences that are meant, by patterns as file names have them. Without a value any will do; None: not there."""

    because: str
    path: str
    of: str = "*"
    manifest: str = "*"
    kuberay: Any = msgspec.UNSET
    ours: Any = msgspec.UNSET

    def explains(self, found: Difference) -> bool:
        """Whether a difference is one of these."""
        names = ((found.manifest, self.manifest), (found.of, self.of), (found.path, self.path))
        values = ((found.kuberay, self.kuberay), (found.ours, self.ours))
        return all(fnmatchcase(name, pattern) for name, pattern in names) and all(
            wanted is msgspec.UNSET or _fits(value, wanted) for value, wanted in values
        )


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return fnmatchcase(value, wanted)
    if isinstance(value, list) and isinstance(wanted, list):
        return len(value) == len(wanted) and all(map(_fits, value, wanted))
    return bool(value == wanted)


def reviewed(profile: str) -> list[Reviewed]:
    """What was reviewed of a profile. Each differs by all that those before it do, too."""
    names = ORDER[: ORDER.index(profile) + 1]
    return msgspec.convert([one for name in names for one in LISTED[name]], list[Reviewed])


def read_as_ours(value: Any) -> Any:
    """A value of KubeRay's with our words; where they stand already, nothing changes."""
    if isinstance(value, list):
        return [read_as_ours(one) for one in value]
    if isinstance(value, str):
        for one in LISTED["words"]:
            if not one["ours"] or one["ours"] not in value:
                value = value.replace(one["kuberay"], one["ours"])
    return value


def differences(manifest: str, kuberay: Made, ours: Made) -> Iterator[Difference]:
    """Of all objects that were made of one manifest."""
    for of in sorted(kuberay.keys() | ours.keys()):
        if of not in kuberay or of not in ours:
            yield Difference(manifest, of, "", *("made" if of in made else None for made in (kuberay, ours)))
            continue
        theirs, own = kuberay[of], ours[of]
        for path in sorted(theirs.keys() | own.keys()):
            one, other = read_as_ours(theirs.get(path)), own.get(path)
            if path.endswith(".order") and one and other:
                one, other = ([name for name in names if name in one and name in other] for names in (one, other))
            if one != other:
                yield Difference(manifest, of, path, one, other)


def unexplained(found: Iterable[Difference], known: Sequence[Reviewed]) -> tuple[list[Difference], list[Reviewed]]:
    """Differences that nobody has reviewed, and what was reviewed and is no difference any more."""
    left, unused = [], list(known)
    for one in found:
        entries = [entry for entry in known if entry.explains(one)]
        if not entries:
            left.append(one)
        unused = [entry for entry in unused if entry not in entries]
    return left, unused
