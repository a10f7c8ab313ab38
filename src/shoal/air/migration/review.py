"""What has to change in a script written for Ray AIR 2.2, and the script with those changes."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from shoal.air.migration.bindings import Binding, Bindings, Import, read_bindings
from shoal.air.migration.calls import review_call
from shoal.air.migration.findings import Finding
from shoal.air.migration.imports import Change, edits, module_of
from shoal.air.migration.source import Edit, Source, Span
from shoal.air.migration.table import TOOLKIT, Name, by_module
from shoal.air.migration.uses import Use, names_for, read_uses, watched


def review(text: str, available: frozenset[str]) -> tuple[tuple[Finding, ...], str]:
    """The findings, in order, and the text with all that can be done safely.

    available: the public names of shoal.air; what is only planned is told and left as it is.

    Raises:
        SyntaxError: the text is no Python.
    """
    reviewer = _Reviewer(Source(text), available)
    reviewer.review()
    return tuple(sorted(set(reviewer.findings))), reviewer.source.edited(reviewer.edits)


class _Reviewer:
    """One look at one script."""

    def __init__(self, source: Source, available: frozenset[str]) -> None:
        self.source = source
        self.available = available
        self.bindings: Bindings = read_bindings(source.tree)
        self.names = names_for(source.tree)
        self.uses = read_uses(source.tree, self.bindings, self.names)
        self.findings: list[Finding] = []
        self.edits: list[Edit] = []
        self.vanished: list[Span] = []
        self.left: set[str] = set()
        self.changes: defaultdict[Import, Change] = defaultdict(Change)
        self.lines: set[str] = {ast.unparse(node) for node in source.tree.body if isinstance(node, ast.Import)}

    def review(self) -> None:
        by_node = {use.node: use for use in self.uses}
        for use in self.uses:
            if self.bindings.root(use.node) is not None and not use.name.is_planned(self.available):
                called = review_call(self.source, use, by_node)
                self.findings += called.findings
                self.edits += called.edits
                self.vanished += called.vanished
        for use in self.uses:
            self.review_use(use)
        for binding in self.bindings.imports:
            self.review_import(binding)
        for statement, change in self.changes.items():
            self.edits += edits(self.source, statement, change)
        self.findings += self.stars()
        self.findings += self.methods()

    def is_for_a_person(self, name: Name) -> bool:
        """Whether nothing can be written in its place without knowing what was meant."""
        return name.fate == "dropped" or name.by_hand or name.is_planned(self.available)

    def review_use(self, use: Use) -> None:
        """One use: its name written anew, or told to be changed by hand."""
        node, name = use.node, use.name
        path, binding = self.bindings.path(node), self.bindings.root(node)
        if self.is_gone(node) or (name.target == path and not _by_keywords(use)):
            return
        if binding is None:
            self.tell(node, name, f"{ast.unparse(node)} may be {path} of Ray 2.2, or something else of that name")
        elif self.is_for_a_person(name):
            self.left.add(binding.local)
            self.tell(node, name)
        elif name.exported:
            self.write_toolkit_name(node, name, binding)
        elif name.target != TOOLKIT:
            self.edits.append(Edit(self.source.span(node), name.target))
            self.add(f"import {module_of(name)}", binding)
            self.found(node, f"{path} is {name.target}", name.note)

    def add(self, line: str, binding: Binding) -> None:
        """An import beside that of ``binding``, unless the head of the script has it."""
        if line not in self.lines:
            self.changes[binding.statement].lines[line] = None
        if binding.statement in self.source.tree.body:
            self.lines.add(line)

    def is_gone(self, node: ast.expr) -> bool:
        """Whether it is part of what another edit takes away."""
        start, end = self.source.span(node)
        return any(first <= start and end <= last for first, last in self.vanished)

    def write_toolkit_name(self, node: ast.expr, name: Name, binding: Binding) -> None:
        """A use of a name that is in shoal.air: ``Scaling`` where that is imported, ``air.Scaling`` elsewhere."""
        path = self.bindings.path(node)
        short = name.target.removeprefix(f"{TOOLKIT}.")
        if isinstance(node, ast.Name):
            local = binding.alias.asname or self.local(short, binding)
            if local != node.id:
                self.edits.append(Edit(self.source.span(node), local))
            return
        parent = self.names.get(self.bindings.path(node.value)) if isinstance(node, ast.Attribute) else None
        if isinstance(node, ast.Attribute) and parent is not None and _is_below(name, parent):
            below = name.target.removeprefix(parent.target)
            self.edits.append(Edit((self.source.span(node.value)[1], self.source.span(node)[1]), below))
            self.found(node, f"{path.removeprefix('ray.')} is {short}", name.note)
            if parent.target != self.bindings.path(node.value):
                self.write_toolkit_name(node.value, parent, binding)
            return
        self.edits.append(Edit(self.source.span(node), f"{self.toolkit(binding)}.{short}"))
        self.found(node, f"{path} is {name.target}", name.note if name.fate == "changed" else "")

    def local(self, short: str, binding: Binding) -> str:
        """How the script will call what it imports from shoal.air."""
        known = self.bindings.of_ray.get(short, binding)
        taken = short in self.bindings.others or known.path not in (binding.path, f"{TOOLKIT}.{short}")
        return binding.local if taken else short

    def toolkit(self, binding: Binding) -> str:
        """How the script calls shoal.air; it is imported if it isn't yet."""
        for known in self.bindings.of_ray.values():
            if known.path in ("ray.air", TOOLKIT):
                return known.local
        clash = "air" in self.bindings.others or "air" in self.bindings.of_ray
        self.add(f"import {TOOLKIT}" if clash else "from shoal import air", binding)
        return TOOLKIT if clash else "air"

    def review_import(self, binding: Binding) -> None:
        """One imported name."""
        alias, change = binding.alias, self.changes[binding.statement]
        if isinstance(binding.statement, ast.Import) and alias.asname is None:
            self.review_plain_import(binding)
            return
        name = self.names.get(binding.path)
        if name is None:
            self.review_module(binding)
        elif name.target == binding.path:
            return
        elif binding.local in self.bindings.doubtful:
            self.tell(alias, name)
        elif self.is_for_a_person(name):
            if binding.local in self.left or name.is_planned(self.available):
                self.tell(alias, name)
            else:
                change.removed.append(alias)
                self.found(alias, f"{binding.path} is not needed any more")
        elif name.target == TOOLKIT or name.exported:
            short = name.target.rpartition(".")[2]
            kept_local = self.local(short, binding) != short and not alias.asname
            change.moved[alias] = f"{short} as {binding.local}" if kept_local else short
            self.found(alias, f"{binding.path} is {name.target}", name.note if name.fate == "changed" else "")
        else:
            change.removed.append(alias)
            self.add(f"import {module_of(name)}", binding)
            self.found(alias, f"{binding.path} is {name.target}", name.note)

    def review_module(self, binding: Binding) -> None:
        """A module of 2.2 under a name of its own, as ``import ray.train.xgboost as rx``."""
        if binding.path in by_module() and _has_nothing_left(binding.path) and binding.local not in self.left:
            self.changes[binding.statement].removed.append(binding.alias)
        elif binding.path.startswith("ray.air.") and binding.path not in by_module():
            what = f"{binding.path} is no public name of AIR 2.2"
            self.findings.append(Finding(*self.source.place(binding.alias), what, "see Ray's own documentation", True))

    def review_plain_import(self, binding: Binding) -> None:
        """``import ray.train.xgboost``: what was used of it is written otherwise now; ``ray`` itself may still be."""
        module = binding.alias.name
        if module != "ray" and module in by_module() and _has_nothing_left(module) and "ray" not in self.left:
            self.changes[binding.statement].removed.append(binding.alias)
            self.add("import ray", binding)
            self.found(binding.alias, f"{module} is not needed any more")

    def stars(self) -> Iterator[Finding]:
        for statement in self.bindings.stars:
            if statement.module in by_module():
                what = f"which names come from `from {statement.module} import *` can't be seen"
                yield Finding(*self.source.place(statement), what, "import them by name, then look again", by_hand=True)

    def methods(self) -> Iterator[Finding]:
        seen = {use.node for use in self.uses}
        for node, name in watched(self.source.tree, self.names) if self.bindings.imports else ():
            if node not in seen:
                yield Finding(*self.source.place(node), f".{node.attr}: {name.old} is {_fate(name)}", name.note, True)

    def found(self, node: ast.expr | ast.alias, what: str, note: str = "") -> None:
        self.findings.append(Finding(*self.source.place(node), what, note))

    def tell(self, node: ast.expr | ast.alias, name: Name, what: str = "") -> None:
        """Leave it to a person. What to do is told where the name is used, not again at its import."""
        planned = name.is_planned(self.available)
        what = what or (f"{name.old} is not yet in shoal.air" if planned else f"{name.old} is {_fate(name)}")
        note = "" if isinstance(node, ast.alias) and (node.asname or node.name) in self.left else name.note
        self.findings.append(Finding(*self.source.place(node), what, note, by_hand=True))


def _fate(name: Name) -> str:
    if name.fate == "dropped":
        return "gone"
    return "called otherwise" if name.target == name.old else f"now {name.target}"


def _is_below(name: Name, parent: Name) -> bool:
    """Whether the name is today what the class is that it was a method of, or a method of it still."""
    return bool(parent.exported) and f"{name.target}.".startswith(f"{parent.target}.")


def _by_keywords(use: Use) -> bool:
    """Whether it is called in a way that what stands in its place doesn't understand."""
    return use.name.by_hand and use.call is not None and bool(use.call.keywords) and not use.call.args


def _has_nothing_left(module: str) -> bool:
    """Whether no name of the module is where it was."""
    return all(name.target != name.old for name in by_module()[module].values())
