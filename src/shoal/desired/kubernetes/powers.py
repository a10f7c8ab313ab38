"""Which powers a namespace lets its clusters have, and which of those that a manifest asks for it doesn't."""

from collections.abc import Mapping
from typing import Any

from shoal.findings import Path
from shoal.spec.powers import JUDGED, Power, powers

ALLOW = "shoal.dev/allow-powers"
"""Of a Namespace. As a label with the value "true": all of them. As an annotation: a list with commas, of names as
``host-path`` and of a name with one subject, as ``service-account=trainer``."""


def asked_for(raw: dict[str, Any], annotations: Mapping[str, str]) -> tuple[Power, ...]:
    """What a RayCluster asks for that its author may not be allowed to have. raw: its spec. annotations: its own."""
    return tuple(power for power in powers(raw, annotations) if power.name in JUDGED)


def refused(asked: tuple[Power, ...], labels: Mapping[str, str], annotations: Mapping[str, str]) -> tuple[Power, ...]:
    """What of ``asked`` a namespace doesn't allow; nothing may be made for the cluster then.

    labels, annotations: of the Namespace. Only who may change the Namespace can consent.
    """
    if labels.get(ALLOW) == "true":
        return ()
    allowed = {word.strip() for word in annotations.get(ALLOW, "").split(",")}
    return tuple(power for power in asked if allowed.isdisjoint(_words(power)))


def explained(found: tuple[Power, ...]) -> str:
    """One sentence for people, without a full stop: what is asked for, where, and how the namespace consents."""
    asked = ", ".join(f"{_words(power)[-1]} ({dotted(power.path)})" for power in found)
    names = ",".join(dict.fromkeys(power.name for power in found))
    return f"the namespace does not allow {asked}; whoever may change it can annotate it with {ALLOW}: {names}"


def dotted(path: Path) -> str:
    """A path as people write it: ``headGroupSpec.template.spec.volumes[0].hostPath``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def _words(power: Power) -> tuple[str, ...]:
    """What an annotation may say to allow it."""
    return (power.name, f"{power.name}={power.subject}") if power.subject else (power.name,)
