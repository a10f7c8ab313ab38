"""What `kubectl get -o yaml` prints of several objects, a ``kind: List``: documents like those between ``---``."""

from collections.abc import Iterable, Iterator

from shoal.findings import Finding, Severity
from shoal.spec.node import Node

LISTS = frozenset(("List", "RayClusterList", "RayJobList", "RayServiceList", "RayCronJobList"))


def unpacked(documents: Iterable[Node]) -> Iterator[Node | Finding]:
    """The documents, with the items of a list in its place, those of lists within too; and what is wrong with lists."""
    for document in documents:
        items = document.get("items")
        if not _is_list(document):
            yield document
        elif items is not None and items.kind == "sequence":
            yield from unpacked(items.items)
        elif items is not None and not items.is_null:
            given = "a mapping" if items.kind == "mapping" else "a single value"
            message, hint = f"items has to be a list, not {given}", "begin each object with `- apiVersion:`"
            yield Finding("S021", Severity.ERROR, message, hint, ("items",), items.mark)


def _is_list(document: Node) -> bool:
    kind = document.get("kind")
    return kind is not None and kind.value in LISTS
