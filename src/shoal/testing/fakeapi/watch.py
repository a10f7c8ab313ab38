"""Watches: each sees the changes of what it selects, in order, once."""

from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from shoal.testing.fakeapi import refusals
from shoal.testing.fakeapi.routes import TRUE, Route
from shoal.testing.fakeapi.selectors import selection
from shoal.testing.fakeapi.state import State
from shoal.testing.fakeapi.store import Change, Obj
from shoal.testing.fakeapi.views import View

_INITIAL_END = {"k8s.io/initial-events-end": "true"}


class Watch:
    """One open watch. woken: called when there may be something to take.

    Its lines wait until ``take`` is called with the version up to which the watcher may see.
    """

    def __init__(self, state: State, route: Route, query: dict[str, str], view: View, newest: int) -> None:
        self.route = route
        self.view = view
        self.bookmarks = query.get("allowWatchBookmarks", "").lower() in TRUE
        self.ended = False
        self.woken: Callable[[], None] = lambda: None
        self._state = state
        self._matches = selection(route.kind, query)
        self._lines: deque[tuple[int, bytes]] = deque()
        seconds = float(query.get("timeoutSeconds") or 0)
        self.ends_at = state.now + seconds if seconds else None
        self._begin(query, newest)

    def _begin(self, query: dict[str, str], newest: int) -> None:
        said = query.get("resourceVersion", "")
        listed = query.get("sendInitialEvents", "").lower() in TRUE
        self._seen = newest if said in ("", "0") or listed else int(said)
        if self._seen < self._state.store.compacted and not listed:
            oldest = self._state.store.compacted
            self._error(refusals.expired(f"too old resource version: {self._seen} ({oldest})"))
            return
        if said in ("", "0") or listed:
            found = self._state.store.at(self.route.kind.resource, newest)
            for key in sorted(found):
                if self._selects(found[key]):
                    self._line(newest, "ADDED", found[key])
        if listed:
            self.bookmark(newest, _INITIAL_END)
        self._read()

    def _selects(self, item: Obj | None) -> bool:
        if item is None:
            return False
        meta = item["metadata"]
        return (
            (not self.route.namespace or meta.get("namespace") == self.route.namespace)
            and (not self.route.name or meta["name"] == self.route.name)
            and bool(self._matches(item))
        )

    def _read(self) -> None:
        """Take over what has changed since the last look."""
        for change in self._state.changes(self.route.kind, self._seen):
            self._seen = change.version
            self._note(change)
        self._seen = max(self._seen, self._state.store.version)

    def note(self) -> None:
        """Something was written."""
        if not self.ended:
            self._read()
            self.woken()

    def _note(self, change: Change) -> None:
        old, new = self._selects(change.before), change.type != "DELETED" and self._selects(change.object)
        if new:
            self._line(change.version, "MODIFIED" if old else "ADDED", change.object)
        elif old and change.before is not None:
            meta = change.before["metadata"] | {"resourceVersion": str(change.version)}
            self._line(change.version, "DELETED", {**change.before, "metadata": meta})

    def _line(self, version: int, type_: str, item: Any) -> None:
        event = {"type": type_, "object": self.view.one(item)}
        self._lines.append((version, msgspec.json.encode(event)))

    def bookmark(self, version: int, annotations: dict[str, str] | None = None) -> None:
        """Say up to which version it has seen all, if it wants to know."""
        if not self.bookmarks and not annotations:
            return
        event = {"type": "BOOKMARK", "object": self.view.bookmark(version, annotations or {})}
        self._lines.append((version, msgspec.json.encode(event)))
        self.woken()

    def fail(self, refused: refusals.Refused) -> None:
        """End it with an error, as a server does that can't go on."""
        self._error(refused)
        self.woken()

    def _error(self, refused: refusals.Refused) -> None:
        self._lines.append((0, msgspec.json.encode({"type": "ERROR", "object": refused.body()})))
        self.ended = True

    def end(self) -> None:
        """End it, as a server does from time to time."""
        self.ended = True
        self.woken()

    def take(self, up_to: int) -> list[bytes]:
        """The lines that the watcher may see now, each once."""
        lines = []
        while self._lines and self._lines[0][0] <= up_to:
            lines.append(self._lines.popleft()[1])
        return lines
