"""What the names of a script mean: which of them stand for something of Ray, or of shoal.air already."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

Import = ast.Import | ast.ImportFrom


@dataclass(frozen=True)
class Binding:
    """A local name that an import gives to something of Ray, or of Shoal.

    path: the whole name of what it stands for.
    """

    local: str
    path: str
    statement: Import
    alias: ast.alias


@dataclass(frozen=True)
class Bindings:
    """The names of one script.

    of_ray: each local name that stands for one thing of Ray.
    others: names that the script gives to something else; one that is in both could be either, and stands in
        ``doubtful`` alone.
    """

    of_ray: dict[str, Binding]
    others: frozenset[str]
    doubtful: dict[str, Binding]
    imports: tuple[Binding, ...]
    stars: tuple[ast.ImportFrom, ...]

    def path(self, node: ast.expr) -> str:
        """The whole name of a ``name.attribute.attribute`` that begins with something of Ray, or ""."""
        if isinstance(node, ast.Attribute):
            base = self.path(node.value)
            return base and f"{base}.{node.attr}"
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            binding = self.of_ray.get(node.id) or self.doubtful.get(node.id)
            return binding.path if binding else ""
        return ""

    def root(self, node: ast.expr) -> Binding | None:
        """The import that the first name of a chain comes from, or None where the name could be something else."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return self.of_ray.get(node.id) if isinstance(node, ast.Name) else None


def read_bindings(tree: ast.Module) -> Bindings:
    """Every import of the script, wherever it stands, and every name that it gives to something else."""
    imports = tuple(_imports(tree))
    of_ray: dict[str, Binding] = {}
    others = {name for node in ast.walk(tree) for name in _bound(node)}
    for binding in imports:
        known = of_ray.setdefault(binding.local, binding)
        if known.path != binding.path:
            others.add(binding.local)
    stars = tuple(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and _is_of_ray(node.module) and node.names[0].name == "*"
    )
    doubtful = {local: of_ray.pop(local) for local in others & of_ray.keys()}
    return Bindings(of_ray, frozenset(others), doubtful, imports, stars)


def _is_of_ray(module: str | None) -> bool:
    return module is not None and module.partition(".")[0] in ("ray", "shoal")


def _imports(tree: ast.Module) -> Iterator[Binding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _is_of_ray(alias.name):
                    root = alias.name.partition(".")[0]
                    yield Binding(alias.asname or root, alias.name if alias.asname else root, node, alias)
        elif isinstance(node, ast.ImportFrom) and _is_of_ray(node.module) and not node.level:
            for alias in node.names:
                if alias.name != "*":
                    yield Binding(alias.asname or alias.name, f"{node.module}.{alias.name}", node, alias)


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that one node gives to something that isn't of Ray."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.Import):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names if not _is_of_ray(alias.name))
    elif isinstance(node, ast.ImportFrom) and (node.level or not _is_of_ray(node.module)):
        yield from (alias.asname or alias.name for alias in node.names)
