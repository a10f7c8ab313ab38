"""YAML text -> documents of nodes that know where they stand."""

import re

from shoal.findings import Finding, Mark, Severity
from shoal.spec.compose import Limits, compose
from shoal.spec.node import Node

__all__ = ["LIMITS", "MAX_BYTES", "Node", "decode_text", "mark_of", "read_documents"]

MAX_BYTES = 1024 * 1024
LIMITS = Limits(depth=64, nodes=100_000, aliased=20_000)


def read_documents(
    text: bytes | str, source: str, *, max_bytes: int = MAX_BYTES
) -> tuple[tuple[Node, ...], tuple[Finding, ...]]:
    """The documents of a YAML stream that aren't empty, and what is wrong with the stream.

    ``source`` names the text in messages. Documents before a syntax error are still returned. Raises nothing.
    """
    content, finding = decode_text(text, source, max_bytes)
    if finding is not None:
        return (), (finding,)
    documents, findings = compose(content, LIMITS)
    if not documents and not findings:
        return (), (_error("S003", f"{source} is empty", "write a RayCluster manifest or a Ray cluster.yaml in it"),)
    return documents, findings


_START = Mark(1, 1)
# Written as what YAML forbids: compiling the far larger set of what it allows costs 5 ms at every start.
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def decode_text(text: bytes | str, source: str, max_bytes: int = MAX_BYTES) -> tuple[str, Finding | None]:
    """Bytes -> text without a byte order mark; or the reason why it is no text that can be read."""
    size = len(text)
    if size > max_bytes:
        message = (
            f"{source} has {size:,} {'bytes' if isinstance(text, bytes) else 'characters'}, the most is {max_bytes:,}"
        )
        return "", _error("S001", message, "check that it is the right file; split it into several files if it is")
    try:
        content = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        readable = error.object[: error.start].decode("utf-8")
        message = f"{source} is not UTF-8 text: byte {error.start} is 0x{error.object[error.start]:02x}"
        return "", _error("S002", message, "save it as UTF-8 text", mark_of(readable, len(readable)))
    content = content.removeprefix("\ufeff")
    if found := _NOT_TEXT.search(content):
        message = f"{source} is not a text file: it holds the control character U+{ord(found[0]):04X}"
        return "", _error("S002", message, "save it as UTF-8 text", mark_of(content, found.start()))
    return content, None


def mark_of(text: str, offset: int) -> Mark:
    """The line and column of a character offset."""
    before = text[:offset]
    return Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _error(code: str, message: str, hint: str, mark: Mark = _START) -> Finding:
    return Finding(code, Severity.ERROR, message, hint, mark=mark)
