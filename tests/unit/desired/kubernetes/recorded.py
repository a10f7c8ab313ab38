"""What KubeRay's operator makes of manifests of ours, as it was kept: tests/cases/kubernetes/as_kuberay."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from unit.desired.kubernetes.alike import Made, read_as_ours

CASES = Path(__file__).parents[3] / "cases/kubernetes/as_kuberay"
OURS = CASES / "manifests"
MADE = CASES / "made"


def recorded(name: str) -> Made:
    """The fields of all objects that it made of the manifest whose file has this name, with our words."""
    made: Made = yaml.safe_load((MADE / name).read_text())
    return {of: {path: read_as_ours(value) for path, value in fields.items()} for of, fields in made.items()}


def keep(made: Mapping[str, Made]) -> None:
    """Write down what it made of each manifest, and forget what it made of manifests that are no more."""
    MADE.mkdir(exist_ok=True)
    for path in MADE.iterdir():
        path.unlink()
    for name, objects in made.items():
        (MADE / name).write_text(yaml.safe_dump(dict(objects), width=1000))
