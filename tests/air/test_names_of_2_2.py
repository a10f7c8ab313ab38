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
    "air", "data", "data/extensions", "data/preprocessors", "serve", "train", "train/horovod", "train/huggingface",
    "train/lightgbm", "train/mosaic", "train/rl", "train/sklearn", "train/tensorflow", "train/torch", "train/xgboost",
    "tune", "tune/logger", "tune/schedulers", "tune/search", "tune/search/ax", "tune/search/bayesopt",
    "tune/search/dragonfly", "tune/search/flaml", "tune/search/hebo", "tune/search/hyperopt", "tune/search/nevergrad",
    "tune/search/optuna", "tune/search/skopt", "tune/search/zoopt", "tune/stopper",
)  # fmt: skip
NO_NAMES = {"UNDEFINED_METRIC_MODE", "UNDEFINED_SEARCH_SPACE", "UNRESOLVED_SEARCH_SPACE"}  # texts of messages


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


def public_names(source: Path) -> list[str]:
    """What a module says in ``__all__``, without being imported; with what it appends to that."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Assign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if ast.unparse(target) == "__all__":
                names += ast.literal_eval(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("__all__.append", "__all__.extend"):
            added = ast.literal_eval(node.args[0])
            names += [added] if isinstance(added, str) else added
    return names


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


@pytest.mark.air
@pytest.mark.parametrize("name", [name for name in OF_RAY if name.target.startswith(OUTSIDE)], ids=lambda n: n.old)
def test_a_name_whose_package_is_not_installed_is_in_rays_source(name: Name) -> None:
    module, _, last = name.target.rpartition(".")
    place = Path(str(importlib.import_module("ray").__file__)).parents[1] / module.replace(".", "/")
    source = place.with_suffix(".py") if place.with_suffix(".py").exists() else place / "__init__.py"
    defined = {getattr(node, "name", "") for node in ast.parse(source.read_text()).body}
    assert last in {*public_names(source), *defined}


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
    public = public_names(Path(os.environ["SHOAL_RAY_2_2"]) / "ray" / module / "__init__.py")
    prefix = "ray." + module.replace("/", ".")
    assert [name for name in public if name not in NO_NAMES and f"{prefix}.{name}" not in by_path()] == []
