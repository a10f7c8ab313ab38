"""What a file of specs holds, without what it takes to read one."""

import msgspec

from shoal.findings import Finding
from shoal.spec.kinds import Spec
from shoal.spec.node import Node


class Document(msgspec.Struct, frozen=True):
    """One document of a file, or one item of a ``kind: List``. index: from 0, empty documents not counted."""

    spec: Spec
    node: Node
    index: int


class Parsed(msgspec.Struct, frozen=True):
    """What a text holds.

    text: what the marks and fixes refer to.
    documents: those that could be read; a part with an error is left at its default, so act on them only when no
    finding is an error (``shoal.findings.has_errors``).
    findings: in the order of the text.
    """

    source: str
    text: str
    documents: tuple[Document, ...]
    findings: tuple[Finding, ...]
