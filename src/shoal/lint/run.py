"""The entry: a parsed file and the facts -> the findings of every rule, in the order of the text."""

from collections.abc import Iterator, Sequence

from shoal.findings import Finding, Mark, has_errors
from shoal.lint.context import ClusterContext, clusters_of
from shoal.lint.facts import Facts
from shoal.lint.rules import CLUSTER_RULES, FILE_RULES
from shoal.spec.parsed import Parsed


def lint(parsed: Parsed, facts: Facts, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> tuple[Finding, ...]:
    """What practice says about every cluster of the file.

    select, ignore: codes or their beginnings, as "L104" or "L1"; nothing selected is everything.
    Empty while the file has errors: half of a spec would give false findings. Raises nothing.
    """
    if has_errors(parsed.findings):
        return ()
    wanted = [found for found in _findings(parsed, facts) if _is_wanted(found.code, select, ignore)]
    return tuple(sorted(wanted, key=lambda found: (found.mark or Mark(0, 0), found.code)))


def _findings(parsed: Parsed, facts: Facts) -> Iterator[Finding]:
    for context in clusters_of(parsed):
        if isinstance(context, ClusterContext):
            for cluster_rule in CLUSTER_RULES:
                yield from cluster_rule.findings(context, facts)
        else:
            for file_rule in FILE_RULES:
                yield from file_rule.findings(context, facts)


def _is_wanted(code: str, select: Sequence[str], ignore: Sequence[str]) -> bool:
    selected = not select or any(code.startswith(prefix) for prefix in select)
    return selected and not any(code.startswith(prefix) for prefix in ignore)
