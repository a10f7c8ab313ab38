"""Where a script uses a name of AIR 2.2."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from shoal.air.migration.bindings import Bindings
from shoal.air.migration.table import Name, by_path


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
    spoken = (getattr(node, field, None) for node in ast.walk(tree) for field in ("id", "attr", "name"))
    if any(isinstance(word, str) and word.endswith("Trainer") for word in spoken):
        return by_path()
    return {
        path: msgspec.structs.replace(name, new=name.alone or name.new)
        for path, name in by_path().items()
        if not name.tuned
    }


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
    """The methods that only AIR's objects had; of which object, nobody can see."""
    methods = {path.rpartition(".")[2]: name for path, name in names.items() if name.watched}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in methods:
            yield node, methods[node.attr]
