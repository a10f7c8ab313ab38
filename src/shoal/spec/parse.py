"""The entry: text of a file -> its specs, and everything wrong with it at once."""

from collections.abc import Iterator

from shoal.findings import Finding, Mark, Path, Severity
from shoal.spec.checks import check
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.document import decode_text, read_documents
from shoal.spec.kinds import Spec, read_spec
from shoal.spec.lists import unpacked
from shoal.spec.node import Node
from shoal.spec.other import Other
from shoal.spec.parsed import Document, Parsed
from shoal.spec.raycluster import RayCluster


def parse(text: bytes | str, source: str) -> Parsed:
    """Read every document of ``text``. ``source`` names it in messages. Raises nothing: errors are findings."""
    content, _ = decode_text(text, source)
    nodes, found = read_documents(text, source)
    findings = list(found)
    documents: list[Document] = []
    parts = list(unpacked(nodes))
    findings += [part for part in parts if isinstance(part, Finding)]
    for index, node in enumerate(part for part in parts if isinstance(part, Node)):
        spec, of_types = read_spec(node)
        findings += of_types
        if spec is not None:
            documents.append(Document(spec, node, index))
            findings += check(spec, node)
    findings += _duplicate_names(documents)
    return Parsed(source, content, tuple(documents), tuple(sorted(findings, key=_place)))


def clusters(parsed: Parsed) -> tuple[Document, ...]:
    """The documents that are a cluster of their own: RayCluster or cluster.yaml."""
    return tuple(document for document in parsed.documents if isinstance(document.spec, RayCluster | ClusterFile))


def _place(finding: Finding) -> tuple[Mark, str]:
    return finding.mark or Mark(0, 0), finding.code


def _duplicate_names(documents: list[Document]) -> Iterator[Finding]:
    seen: dict[tuple[str, str, str], int] = {}
    for document in documents:
        identity, path = _identity(document.spec)
        if not identity[-1]:
            continue
        mark = document.node.nearest(path).mark
        if identity in seen:
            message = f"a {identity[0]} named {identity[-1]!r} is given twice, first in line {seen[identity]}"
            yield Finding("S041", Severity.ERROR, message, "rename or remove one of them", path, mark)
        seen.setdefault(identity, mark.line)


def _identity(spec: Spec) -> tuple[tuple[str, str, str], Path]:
    """What may be there once only, as (kind, namespace, name), and where the name stands."""
    if isinstance(spec, Other):
        return (spec.kind, "", ""), ("metadata", "name")
    if isinstance(spec, ClusterFile):
        return ("cluster", "", spec.cluster_name), ("cluster_name",)
    return (spec.kind, spec.metadata.namespace, spec.metadata.name), ("metadata", "name")
