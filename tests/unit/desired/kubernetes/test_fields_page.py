"""docs/reference/fields.md names every field of a RayCluster outside the pod template, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from shoal.desired.kubernetes.labels import DRAIN_SECONDS, FT_ENABLED, HEAD_ONCE, OVERWRITE_COMMAND, STORAGE_NAMESPACE
from shoal.spec import raycluster
from shoal.spec.log_store import LOGS_TO
from shoal.spec.shapes import Shape, fields_of

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "fields.md").read_text()
ROWS = re.findall(r"^\| `([^`]+)` \| (yes|no) \| ?(.*?) ?\|$", PAGE, re.MULTILINE)


def paths(struct: type[msgspec.Struct], above: str = "") -> Iterator[str]:
    """The fields of a type and of the types in it, as far as they are RayCluster's own."""
    for name, field in fields_of(struct).items():
        shape = field.shape
        while shape.kind in ("tuple", "dict") and isinstance(shape.of, Shape):
            shape = shape.of
        if shape.kind == "struct" and shape.of.__module__ == raycluster.__name__:
            yield from paths(shape.of, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def test_the_page_names_every_field_once_and_no_other() -> None:
    named = [name for name, _, _ in ROWS]
    known = set(paths(raycluster.RayClusterSpec))
    assert len(known) > 60
    assert sorted(known - set(named)) == []
    assert sorted(set(named) - known) == []
    assert len(named) == len(set(named))


def test_what_does_not_work_has_its_reason() -> None:
    assert [name for name, works, how in ROWS if works == "no" and not how] == []


@pytest.mark.parametrize(
    "annotation", [DRAIN_SECONDS, LOGS_TO, FT_ENABLED, HEAD_ONCE, OVERWRITE_COMMAND, STORAGE_NAMESPACE]
)
def test_the_page_names_annotations_that_decide_something(annotation: str) -> None:
    assert f"`{annotation}" in PAGE
