"""What a rule is: a function that yields a hit for every place that violates it, with a code and a severity."""

from collections.abc import Callable, Iterator
from textwrap import dedent
from typing import Generic, TypeAlias, TypeVar

import msgspec

from shoal.findings import Finding, Fix, Page, Path, Severity
from shoal.lint.context import ClusterContext, FileContext
from shoal.lint.facts import Facts
from shoal.spec.node import Node

Context = TypeVar("Context", ClusterContext, FileContext)


class Hit(msgspec.Struct, frozen=True):
    """One violation: a finding without what all findings of its rule share."""

    message: str
    path: Path
    hint: str = ""
    fix: Fix | None = None


class Rule(msgspec.Struct, Generic[Context], frozen=True):
    """name: the violation, as a sentence. page: what ``shoal explain CODE`` shows."""

    code: str
    severity: Severity
    name: str
    check: Callable[[Context, Facts], Iterator[Hit]]
    page: Page

    def findings(self, context: Context, facts: Facts) -> Iterator[Finding]:
        """Every violation in one cluster."""
        for hit in self.check(context, facts):
            yield finding(self.code, self.severity, hit, context.node)


ClusterRule: TypeAlias = Rule[ClusterContext]
FileRule: TypeAlias = Rule[FileContext]


def rule(code: str, severity: Severity) -> Callable[[Callable[[Context, Facts], Iterator[Hit]]], Rule[Context]]:
    """Make a rule of a function. Its name states the violation; its docstring is its page: title, why, how to mend."""

    def register(check: Callable[[Context, Facts], Iterator[Hit]]) -> Rule[Context]:
        name: str = check.__name__
        return Rule(code, severity, name, check, page_of(code, check.__doc__ or name))

    return register


def page_of(code: str, text: str) -> Page:
    """The page that a docstring holds: its first line is the title, the rest the body."""
    title, _, body = text.strip().partition("\n")
    return Page(code, "lint", title.removesuffix("."), dedent(body).strip())


def finding(code: str, severity: Severity, hit: Hit, node: Node) -> Finding:
    """The finding of a hit in the document ``node``, marked where its path is written, or at the nearest above it."""
    return Finding(code, severity, hit.message, hit.hint, hit.path, node.nearest(hit.path).mark, hit.fix)
