"""The table of AIR 2.2's names against what it speaks of: shoal.air, Ray of today, and Ray 2.2 where it is at hand."""

import ast
import importlib
import inspect
import os
from pathlib import Path
from typing import Any

import pytest

from shoal import air
from shoal.air.migration.table import TOOLKIT, Name, by_module, by_path, names

HERE = [name for name in names() if name.exported in air.__all__]
OF_RAY = [name for name in names() if name.target.startswith("ray.")]
OUTSIDE = ("ray.train.torch", "ray.train.tensorflow", "ray.train.horovod")  # need packages that we don't install
OLD_MODULES = (
    "air", "data", "data/preprocessors", "serve", "train", "train/horovod", "train/huggingface", "train/lightgbm",
    "train/mosaic", "train/rl", "train/sklearn", "train/tensorflow", "train/torch", "train/xgboost", "tune",
)  # fmt: skip


def found(target: str) -> Any:
    """What a whole name stands for, imported. Of ``get_context().a`` what kind of context that is."""
    module, _, rest = target.partition(".get_context().")
    if rest:
        kinds = {"ray.train": "TrainContext", "ray.tune": "TuneContext"}
        return getattr(getattr(importlib.import_module(module), kinds[module]), rest)
    module, _, last = target.rpartition(".")
    try:
        return getattr(importlib.import_module(module), last)
    except AttributeError:
        return importlib.import_module(target)


def accepted(thing: Any) -> set[str] | None:
    """The names of the arguments that it takes; None: any."""
    parameters = inspect.signature(thing).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return {parameter.name for parameter in parameters}


@pytest.mark.air
@pytest.mark.parametrize("name", HERE, ids=lambda name: name.old)
def test_a_kept_name_takes_the_arguments_that_the_table_says(name: Name) -> None:
    thing = air
    for part in name.target.removeprefix(f"{TOOLKIT}.").split("."):
        thing = getattr(thing, part)
    known = accepted(thing)
    assert known is None or set(name.taken()) - known == set()
    if known is not None:
        assert known & {*name.gone, *name.needless, *name.spread} == set()


@pytest.mark.air
@pytest.mark.parametrize("name", [name for name in OF_RAY if not name.target.startswith(OUTSIDE)], ids=lambda n: n.old)
def test_a_name_that_is_said_to_be_in_ray_is_there(name: Name) -> None:
    assert found(name.target) is not None
    assert not name.alone or found(name.alone) is not None


def test_each_changed_or_dropped_name_says_how_or_why() -> None:
    assert [name.old for name in names() if name.fate != "kept" and not name.note] == []


def test_what_is_renamed_spread_or_gone_is_an_argument_of_2_2() -> None:
    for name in names():
        spoken_of = {*name.renamed, *name.spread, *name.gone, *name.needless}
        assert spoken_of - {*name.arguments} == set(), name.old


def test_no_name_is_in_the_table_twice() -> None:
    assert len({name.old for name in names()}) == len(names())
    places = [
        place
        for module, below in by_module().items()
        for short, name in below.items()
        for place in (f"{module}.{short}", *(f"{other}.{short}" for other in name.also))
    ]
    assert sorted(set(places)) == sorted(places)


@pytest.mark.skipif("SHOAL_RAY_2_2" not in os.environ, reason="SHOAL_RAY_2_2 names no unpacked wheel of ray 2.2.0")
@pytest.mark.parametrize("module", OLD_MODULES)
def test_every_public_name_of_2_2_is_in_the_table(module: str) -> None:
    tree = ast.parse((Path(os.environ["SHOAL_RAY_2_2"]) / "ray" / module / "__init__.py").read_text())
    public = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    prefix = "ray." + module.replace("/", ".")
    assert [name for name in public if f"{prefix}.{name}" not in by_path()] == []
