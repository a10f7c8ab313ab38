"""The text of a script, with the places of its parts, and edits that leave the rest of it as it is."""

import ast
import io
import tokenize
import warnings
from dataclasses import dataclass, field

Span = tuple[int, int]
"""Bytes of the text in UTF-8, from and up to, as Python's parser counts columns."""


@dataclass(frozen=True)
class Edit:
    """Put ``text`` in the place of ``span``."""

    span: Span
    text: str = ""


@dataclass
class Source:
    """A script that Python can parse.

    Raises:
        SyntaxError: it is none.
    """

    text: str
    code: bytes = field(init=False)
    tree: ast.Module = field(init=False)

    def __post_init__(self) -> None:
        with warnings.catch_warnings(action="ignore"):  # of the script's own doubtful escapes
            self.tree = ast.parse(self.text)
        self.code = self.text.encode()
        self._starts = [0]
        for line in io.StringIO(self.text, newline=""):
            self._starts.append(self._starts[-1] + len(line.encode()))

    def span(self, node: ast.expr | ast.stmt | ast.alias | ast.keyword) -> Span:
        """Where a part of the tree stands."""
        assert node.end_lineno is not None  # noqa: S101 - the parser sets them
        assert node.end_col_offset is not None  # noqa: S101
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def place(self, node: ast.expr | ast.stmt | ast.alias | ast.keyword) -> tuple[int, int]:
        """Line and column of its beginning, counted from 1, the column in characters."""
        start = self._starts[node.lineno - 1]
        return node.lineno, len(self.code[start : start + node.col_offset].decode()) + 1

    def words(self, span: Span) -> str:
        """What stands there."""
        return self.code[slice(*span)].decode()

    def line(self, at: int) -> Span:
        """The line around an offset, without what ends it."""
        ends = [end for end in (self.code.find(b"\n", at), self.code.find(b"\r", at)) if end >= 0]
        return max(self.code.rfind(b"\n", 0, at), self.code.rfind(b"\r", 0, at)) + 1, min(ends, default=len(self.code))

    @property
    def newline(self) -> str:
        """What ends the lines of this script."""
        return "\r\n" if b"\r\n" in self.code else "\r" if b"\r" in self.code and b"\n" not in self.code else "\n"

    def stands_alone(self, span: Span) -> bool:
        """Whether its lines hold nothing else but a comment behind it and commas."""
        before = self.code[self.line(span[0])[0] : span[0]].strip()
        behind = self.code[span[1] : self.line(span[1])[1]].lstrip(b" \t,")
        return not before and (not behind or behind.startswith(b"#"))

    def without(self, removed: list[Span], items: list[Span]) -> list[Edit]:
        """Edits that take ``removed`` out of ``items``, which are all parts of one list, in order, between commas."""
        kept = [item for item in items if item not in removed]
        edits = []
        for item in removed:
            behind = [other for other in kept if other[0] > item[0]]
            if self.stands_alone(item):
                edits.append(Edit((self.line(item[0])[0], self._next_line(item[1]))))
            elif behind:
                following = min(other[0] for other in items if other[0] > item[0])
                edits.append(Edit((item[0], following)))
            else:
                before = [other for other in items if other[1] <= item[0]]
                edits.append(Edit((max(other[1] for other in before) if before else item[0], item[1])))
        return edits

    def _next_line(self, at: int) -> int:
        return min(len(self.code), self.line(at)[1] + len(self.newline))

    def comments(self, span: Span) -> list[str]:
        """The comments within."""
        read = io.StringIO(self.words(span)).readline
        return [token.string for token in tokenize.generate_tokens(read) if token.type == tokenize.COMMENT]

    def edited(self, edits: list[Edit]) -> str:
        """The text after the edits. One within a part that another one takes away is not done."""
        result, done = [], 0
        for edit in sorted(edits, key=lambda edit: (edit.span[0], -edit.span[1])):
            start, end = edit.span
            if start < done:
                continue
            result += [self.code[done:start], edit.text.encode()]
            done = end
        return b"".join([*result, self.code[done:]]).decode()
