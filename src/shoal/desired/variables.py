"""Variables of a container, their references to each other filled in as Kubernetes does."""

import re
from collections.abc import Iterable, Mapping

from shoal.spec.kubernetes.container import EnvVar

_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")


def literal_values(variables: Iterable[EnvVar]) -> dict[str, str]:
    """The variables whose value the manifest gives; one that comes from elsewhere is unknown here."""
    known: dict[str, str] = {}
    for variable in variables:
        if variable.value_from is None:
            known[variable.name] = expanded(variable.value, known)
        else:
            known.pop(variable.name, None)
    return known


def expanded(value: str, known: Mapping[str, str]) -> str:
    """``$(NAME)`` is the value of a variable given before, else stays; ``$$`` is a dollar that refers to nothing."""
    return _REFERENCE.sub(lambda found: "$" if found[1] is None else known.get(found[1], found[0]), value)
