"""Names of a cluster.yaml as Kubernetes accepts them."""

import re
from collections.abc import Iterable

from shoal.spec.raycluster import HEAD_GROUP

LONGEST = 53


def name_of(text: str) -> str:
    """``text`` in lower case, digits and '-', starting with a letter."""
    name = re.sub(r"[^a-z0-9-]", "-", text.lower()).strip("-")
    return (name if name[:1].isalpha() else f"ray-{name}")[:LONGEST].rstrip("-")


def names_of(texts: Iterable[str]) -> list[str]:
    """The same for several worker groups, each different from the others and from the head's."""
    taken = [HEAD_GROUP]
    for text in texts:
        name, number = name_of(text), 2
        while name in taken:
            name, number = f"{name_of(text)[: LONGEST - 4]}-{number}", number + 1
        taken.append(name)
    return taken[1:]
