"""What has to change among the arguments of a call."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from shoal.air.migration.findings import Finding
from shoal.air.migration.source import Edit, Source, Span
from shoal.air.migration.table import Name, by_path
from shoal.air.migration.uses import Use


@dataclass
class Reviewed:
    """What one call asks for.

    vanished: parts of the script that are gone after the edits.
    """

    findings: list[Finding] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    vanished: list[Span] = field(default_factory=list)


def review_call(source: Source, use: Use, configs: dict[ast.expr, Use]) -> Reviewed:
    """The arguments of a call of a name of AIR 2.2.

    configs: the uses of the script by the node that is called.
    """
    reviewed = Reviewed()
    call = use.call
    if call is None:
        return reviewed
    name = _with_configs(use.name)
    short = use.name.old.rpartition(".")[2]
    needless = dict(_needless(call, name))
    if needless:
        spans = [source.span(argument) for argument in needless]
        reviewed.edits += source.without(spans, _arguments(source, call))
        reviewed.vanished += spans
        for argument, given in needless.items():
            what = f"{short}({given}=) is not needed any more"
            reviewed.findings.append(Finding(*source.place(argument), what, name.needless[given]))
    for keyword in call.keywords:
        if keyword in needless:
            continue
        at = source.place(keyword)
        if keyword.arg is None:
            if name.renamed or name.gone or name.spread:
                todo = f"see that it holds none of {', '.join({**name.renamed, **name.gone})}"
                reviewed.findings.append(Finding(*at, f"{short}(**...) can't be looked into", todo, by_hand=True))
        elif keyword.arg in name.renamed:
            new = name.renamed[keyword.arg]
            start = source.span(keyword)[0]
            reviewed.edits.append(Edit((start, start + len(keyword.arg.encode())), new))
            reviewed.findings.append(Finding(*at, f"{short}({keyword.arg}=) is called {new}"))
        elif keyword.arg in name.gone:
            what = f"{short}({keyword.arg}=) is gone"
            reviewed.findings.append(Finding(*at, what, name.gone[keyword.arg], by_hand=True))
        elif keyword.arg in name.spread:
            _spread(source, reviewed, keyword, call, use, configs)
    return reviewed


def _with_configs(name: Name) -> Name:
    """The name with the arguments that came from its configuration objects, which are its own today."""
    for config in map(by_path().__getitem__, name.spread.values()):
        name = msgspec.structs.replace(
            name,
            renamed=config.renamed | name.renamed,
            gone=config.gone | name.gone,
            needless=config.needless | name.needless,
        )
    return name


def _arguments(source: Source, call: ast.Call) -> list[Span]:
    return sorted([*map(source.span, call.args), *map(source.span, call.keywords)])


def _needless(call: ast.Call, name: Name) -> Iterator[tuple[ast.expr | ast.keyword, str]]:
    """The arguments that the call doesn't need any more, and their names."""
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return
    for argument, given in zip(call.args, name.arguments, strict=False):
        if given in name.needless:
            yield argument, given
    for keyword in call.keywords:
        if keyword.arg in name.needless:
            yield keyword, keyword.arg


def _spread(
    source: Source, reviewed: Reviewed, keyword: ast.keyword, call: ast.Call, use: Use, configs: dict[ast.expr, Use]
) -> None:
    """``a=Config(x=1)`` becomes ``x=1``, when that is what stands there."""
    at = source.place(keyword)
    short = use.name.old.rpartition(".")[2]
    config = keyword.value
    if not isinstance(config, ast.Call) or config.func not in configs or not _can_be_opened(source, config):
        what = f"{short}({keyword.arg}=) is gone: what it held are arguments of {short} itself"
        reviewed.findings.append(Finding(*at, what, "give them there", by_hand=True))
        return
    reviewed.vanished.append(source.span(config.func))
    whole = source.span(keyword)
    if not config.keywords:
        reviewed.edits += source.without([whole], _arguments(source, call))
    else:
        inside = source.span(config.keywords[0])[0], source.span(config.keywords[-1])[1]
        reviewed.edits += [Edit((whole[0], inside[0])), Edit((inside[1], whole[1])), *_dedented(source, whole, inside)]
    reviewed.findings.append(Finding(*at, f"what {short}({keyword.arg}=) held are arguments of {short} itself"))


def _can_be_opened(source: Source, config: ast.Call) -> bool:
    """Whether nothing is lost when its parentheses go: no comment between them and the first or the last argument."""
    start, end = source.span(config)
    if config.args or not all(keyword.arg for keyword in config.keywords):
        return False
    spans = [source.span(keyword) for keyword in config.keywords] or [(end, end)]
    return "#" not in source.words((start, spans[0][0])) + source.words((spans[-1][1], end))


def _dedented(source: Source, whole: Span, inside: Span) -> Iterator[Edit]:
    """Lines that were indented for one more parenthesis; those of a text in quotes stay."""
    depth = (inside[0] - source.line(inside[0])[0]) - (whole[0] - source.line(whole[0])[0])
    words = source.words(inside)
    if depth <= 0 or '"""' in words or "'''" in words:
        return
    at = source.line(inside[0])[1] + len(source.newline)
    while at < inside[1]:
        if not source.code[at : at + depth].strip(b" \t"):
            yield Edit((at, at + depth))
        at = source.line(at)[1] + len(source.newline)
