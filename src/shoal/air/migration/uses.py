"""Where a script uses a name of AIR 2.2."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from shoal.air.migration.bindings import Bindings
from shoal.air.migration.table import TOOLKIT, Name, by_path, names

OF_OTHERS = {"DataParallelTrainer", "HorovodTrainer", "HuggingFaceTrainer", "MosaicTrainer", "TensorflowTrainer"}
"""Trainers whose training functions talk to Ray Train still."""


@dataclass(frozen=True)
class Use:
    """A name of AIR 2.2, where it is used.

    node: the whole of it: ``XGBoostTrainer``, or ``ray.train.xgboost.XGBoostTrainer``.
    call: what calls it, or None.
    """

    node: ast.expr
    name: Name
    call: ast.Call | None = None


def names_for(tree: ast.Module) -> Mapping[str, Name]:
    """The table, as it is for this script: one without trainers tunes functions, and says so to `ray.tune`."""
    table = _half_way() | by_path()
    spoken = {getattr(node, field, None) for node in ast.walk(tree) for field in ("id", "attr", "name")}
    trainers = {word for word in spoken if isinstance(word, str) and word.endswith("Trainer")}
    if "TorchTrainer" in trainers and not trainers & OF_OTHERS:
        told = {path: _in_torch(name) for path, name in table.items()}
        return told | {name.new: name for name in told.values() if name.in_torch}
    if trainers:
        return table
    return {
        path: msgspec.structs.replace(name, new=name.alone or name.new)
        for path, name in table.items()
        if not name.tuned
    }


def _in_torch(name: Name) -> Name:
    if not name.in_torch:
        return name
    return msgspec.structs.replace(name, new=name.in_torch, gone=name.gone | name.gone_in_torch)


def _half_way() -> dict[str, Name]:
    """The names as they stand in a script whose imports were changed already: what is left has to be told again."""
    below = f"{TOOLKIT}."
    of_air = {name.old.replace("ray.air.", below, 1): name for name in names() if name.old.startswith("ray.air.")}
    return of_air | {name.target: name for name in reversed(names()) if name.target.startswith(below)}


def read_uses(tree: ast.Module, bindings: Bindings, names: Mapping[str, Name]) -> tuple[Use, ...]:
    """Every use in the script of one of ``names``, by whole name, but for the imports."""
    return tuple(_uses(tree, bindings, names))


def _uses(node: ast.AST, bindings: Bindings, names: Mapping[str, Name], call: ast.Call | None = None) -> Iterator[Use]:
    if isinstance(node, ast.Name | ast.Attribute):
        name = names.get(bindings.path(node))
        if name is not None and isinstance(node.ctx, ast.Load):
            yield Use(node, name, call)
            return
    for below in ast.iter_child_nodes(node):
        called = isinstance(node, ast.Call) and below is node.func
        yield from _uses(below, bindings, names, node if isinstance(node, ast.Call) and called else None)


def watched(tree: ast.Module, names: Mapping[str, Name]) -> Iterator[tuple[ast.Attribute, Name]]:
    """The methods that only AIR's objects had, or that had arguments which only AIR's had; of what, nobody can see."""
    methods = {path.rpartition(".")[2]: name for path, name in names.items() if name.watched}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in methods and not methods[node.attr].gone:
            yield node, methods[node.attr]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
            name = methods[node.func.attr]
            if any(keyword.arg in name.gone for keyword in node.keywords):
                yield node.func, name
