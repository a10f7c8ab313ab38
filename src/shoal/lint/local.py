"""What a cluster of processes on this machine can't honour of a spec: said once a kind, nothing silently dropped."""

from collections.abc import Iterator

from shoal.findings import Finding, Page, Path, Severity
from shoal.lint import local_kinds
from shoal.lint.facts import Facts
from shoal.lint.local_kinds import ANYTHING_ELSE, CROWD, DECIDED, HOSTS, NOT_CARRIED_OVER, OTHER_OBJECT, Kind, Pattern
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.complaints import place
from shoal.spec.node import Node
from shoal.spec.parsed import Document
from shoal.spec.provider import THIS_MACHINE
from shoal.spec.ray_start import HEAD_PORT_OF, HEAD_PORTS, PLACING, PLACING_VARIABLES
from shoal.spec.raycluster import RayCluster

HEAD_OPTIONS = frozenset(port.option for port in HEAD_PORTS)
_MOST_LINES = 6
_MOST_NODES_PER_CPU = 4


def unhonoured(document: Document) -> tuple[Finding, ...]:
    """One note for every kind of thing in ``document`` that processes on this machine can't honour, with its lines."""
    found = places(document)
    return tuple(_note(kind, paths, document) for kind, paths in found.items())


def crowd(nodes: int, facts: Facts) -> tuple[Finding, ...]:
    """A note when ``nodes`` are far more than this machine's CPUs."""
    if not facts.cpus or nodes <= facts.cpus * _MOST_NODES_PER_CPU:
        return ()
    return (Finding(CROWD.code, Severity.NOTE, f"{CROWD.what}: {nodes} on {facts.cpus}"),)


def places(document: Document) -> dict[Kind, tuple[Path, ...]]:
    """Every field that is set and not honoured, by kind, in the order of the text."""
    if not isinstance(document.spec, RayCluster | ClusterFile):
        return {OTHER_OBJECT: ((),)}
    kind_of = _of_raycluster if isinstance(document.spec, RayCluster) else _of_clusterfile
    found: dict[Kind, list[Path]] = {}
    for path, leaf in set_fields(document.node):
        kind = kind_of(path, leaf, document.node)
        if kind is not None:
            found.setdefault(kind, []).append(path)
    return {kind: tuple(paths) for kind, paths in found.items()}


def set_fields(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every scalar of a document that says something; null and empty collections say nothing."""
    if node.kind == "scalar" and not node.is_null:
        yield path, node
    for key, value in node.pairs:
        yield from set_fields(value, (*path, key.key))
    for index, item in enumerate(node.items):
        yield from set_fields(item, (*path, index))


def best_match(path: tuple[str, ...], patterns: tuple[Pattern, ...]) -> int:
    """The length of the longest pattern that covers ``path``, 0 for none."""
    return max((len(pattern) for pattern in patterns if _covers(pattern, path)), default=0)


def _covers(pattern: Pattern, path: tuple[str, ...]) -> bool:
    return len(pattern) <= len(path) and all(step in ("*", given) for step, given in zip(pattern, path, strict=False))


def normal(path: Path) -> tuple[str, ...]:
    """The path as the patterns write it: the same for the head and every group."""
    steps = tuple(str(step) for step in path)
    if steps[:2] == ("spec", "headGroupSpec"):
        steps = ("group", *steps[2:])
    elif steps[:2] == ("spec", "workerGroupSpecs"):
        steps = ("group", *steps[3:])
    ray = ("group", "template", "spec", "containers", "0")
    return ("ray", *steps[len(ray) :]) if steps[: len(ray)] == ray else steps


def _of_raycluster(path: Path, leaf: Node, root: Node) -> Kind | None:
    steps = normal(path)
    is_head = path[:2] == ("spec", "headGroupSpec")
    match steps:
        case ("group", "rayStartParams", option):
            return _of_option(option, leaf, is_head=is_head)
        case ("ray", "env", index, *_):
            name = root.at((*path[: path.index("env")], "env", int(index), "name"))
            if name is not None and name.value in PLACING_VARIABLES:
                return DECIDED
        case ("ray", "ports", index, "name" | "containerPort" | "protocol"):
            name = root.at((*path[:-1], "name"))
            if is_head and name is not None and name.value in HEAD_PORT_OF and leaf.value != "UDP":
                return None
        case ("group", "numOfHosts"):
            return HOSTS if leaf.value != 1 else None
        case ("spec", "enableInTreeAutoscaling") | ("group", "enableIngress"):
            if leaf.value is False:
                return None
    return _longest(steps, local_kinds.OF_RAYCLUSTER, local_kinds.HONOURED)


def _of_option(option: str, leaf: Node, *, is_head: bool) -> Kind | None:
    if option not in PLACING or (is_head and option in HEAD_OPTIONS):
        return None
    is_done_anyway = option in ("block", "disable-usage-stats") and str(leaf.value).lower() == "true"
    return None if is_done_anyway else DECIDED


def _of_clusterfile(path: Path, leaf: Node, root: Node) -> Kind | None:
    if path[:2] in (("provider", "head_ip"), ("provider", "worker_ips")) and leaf.value in THIS_MACHINE:
        return None
    steps = tuple(str(step) for step in path)
    return _longest(steps, local_kinds.OF_CLUSTERFILE, local_kinds.FILE_HONOURED)


def _longest(steps: tuple[str, ...], kinds: tuple[Kind, ...], honoured: tuple[Pattern, ...]) -> Kind | None:
    lengths = {kind: best_match(steps, kind.patterns) for kind in kinds}
    best = max(lengths, key=lambda kind: lengths[kind])
    if best_match(steps, honoured) >= max(lengths[best], 1):
        return None
    return best if lengths[best] else ANYTHING_ELSE


def _note(kind: Kind, paths: tuple[Path, ...], document: Document) -> Finding:
    node = document.node
    mark = node.nearest(paths[0]).mark
    if kind is OTHER_OBJECT:
        name = node.get("kind")
        return Finding(kind.code, Severity.NOTE, f"the {name.value if name else 'document'} {kind.what}", mark=mark)
    if kind is ANYTHING_ELSE:
        fields = ", ".join(dict.fromkeys(place(path[:2]) for path in paths))
        return Finding(kind.code, Severity.NOTE, f"{fields} {kind.what}", path=paths[0], mark=mark)
    lines = list(dict.fromkeys(node.nearest(path).mark.line for path in paths))
    shown = ", ".join(str(line) for line in lines[:_MOST_LINES])
    more = f" and {len(lines) - _MOST_LINES} more" if len(lines) > _MOST_LINES else ""
    told = f"{kind.what} (line{'s' if len(lines) > 1 else ''} {shown}{more})"
    return Finding(kind.code, Severity.NOTE, told, path=paths[0], mark=mark)


PAGES: tuple[Page, ...] = tuple(
    Page(kind.code, "lint", f"{kind.what[0].upper()}{kind.what[1:]}", kind.why)
    for kind in (
        *local_kinds.OF_RAYCLUSTER,
        OTHER_OBJECT,
        CROWD,
        ANYTHING_ELSE,
        *local_kinds.OF_CLUSTERFILE,
        NOT_CARRIED_OVER,
    )
)
"""Of the notes above, and of what ``shoal convert`` could not carry over."""
