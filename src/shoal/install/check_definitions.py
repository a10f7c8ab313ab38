"""Whether the definitions of Ray's kinds that are there can be brought to ours."""

from collections.abc import Iterator
from typing import Any

import shoal
from shoal.install.check import Check, fail, ok, warn
from shoal.install.facts import Definition, Facts
from shoal.install.manifests import DEFINED_BY, definitions, is_current

CHECK = "definitions"
PAGE = "see docs/how-to/operator-upgrade.md"
UNVERSIONED = "sed -E '/^ {2,4}resourceVersion:/d'"
"""Without the version of the definition itself: `kubectl replace` would refuse it once another has taken its place."""


def check_definitions(facts: Facts) -> Iterator[Check]:
    """One line for all definitions that are in the same state."""
    if CHECK in facts.unseen:
        yield warn(CHECK, f"can't be looked at: {facts.unseen[CHECK]}", "ask someone who may: `kubectl get crds`")
        return
    found = {one.metadata.name: one for one in facts.definitions}
    states: dict[Check, list[str]] = {}
    for wanted in definitions():
        name = wanted["metadata"]["name"]
        states.setdefault(_state(wanted, found.get(name)), []).append(name)
    for state, names in states.items():
        says, step = state.says, state.next_step.replace("NAMES", " ".join(names))
        yield Check(CHECK, state.level, f"{', '.join(names)}: {says}", step)


def _state(wanted: dict[str, Any], found: Definition | None) -> Check:
    if found is None:
        return ok(CHECK, "will be created")
    served = {version["name"] for version in wanted["spec"]["versions"]}
    unknown = sorted(set(found.status.stored_versions) - served)
    if unknown:
        return fail(CHECK, f"objects may be stored as {', '.join(unknown)}, which Shoal doesn't know", PAGE)
    if found.spec.conversion.strategy != "None":
        return fail(CHECK, "objects are converted by a webhook of another operator, which Shoal can't keep", PAGE)
    if is_current(found, wanted):
        return ok(CHECK, f"as Shoal {shoal.__version__} makes them")
    made_by = found.metadata.annotations.get(DEFINED_BY, "")
    if not made_by:
        step = f"to be able to go back, keep a copy: `kubectl get crd NAMES -o yaml | {UNVERSIONED} > before.yaml`"
        return warn(CHECK, "made by KubeRay or someone else, will be replaced; every object stays", step)
    if numbers(made_by) > numbers(shoal.__version__):
        return fail(
            CHECK, f"made by Shoal {made_by}, which is later than this one", f"install with that one, or {PAGE}"
        )
    return ok(CHECK, f"made by Shoal {made_by}, will be updated")


def numbers(version: str) -> tuple[int, ...]:
    """The numbers at the beginning of a version, to compare it with others: (0, 1, 0) for ``v0.1.0-rc.1``."""
    read: list[int] = []
    for part in version.lstrip("v").split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        read.append(int(digits))
    return tuple(read)
