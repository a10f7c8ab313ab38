"""All that the fake server knows: its objects, its time, its randomness."""

import contextlib
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from shoal.testing.fakeapi.kinds import Kind
from shoal.testing.fakeapi.store import Change, Obj, Store
from shoal.world.kubernetes import timestamp

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_BASE = 58


class State:
    """now: seconds since 1970, set by who calls. seed: of uids and generated names.

    crds: the ray.io kinds are served before a CustomResourceDefinition is made.
    """

    def __init__(self, seed: int = 0, *, crds: bool = True) -> None:
        self.store = Store()
        self.now = 0.0
        self.crds = crds
        self.unsettled: set[str] = set()
        """Uids of objects that are not stored as they are shown: the next update writes, whatever it changes."""
        self._random = random.Random(seed)  # noqa: S311 - not for secrets: tests shall be repeatable

    def time(self) -> str:
        """Now, as objects spell it."""
        return stamp(self.now)

    def uid(self) -> str:
        """A new object's."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def generated(self, base: str) -> str:
        """A name that begins with ``base``."""
        return base[:_LONGEST_BASE] + "".join(self._random.choices(_LETTERS, k=5))

    @contextlib.contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Store nothing meanwhile."""
        unsettled, self.store.rehearses = set(self.unsettled), True
        try:
            yield
        finally:
            self.unsettled, self.store.rehearses = unsettled, False

    def find(self, kind: Kind, namespace: str, name: str) -> Obj | None:
        """The object now."""
        return self.store.get(kind.resource, namespace, name)

    def changes(self, kind: Kind, version: int) -> list[Change]:
        """What changed after that version."""
        return self.store.since(kind.resource, version)


@lru_cache(maxsize=64)
def stamp(seconds: float) -> str:
    """Seconds since 1970 as objects spell a time."""
    return timestamp(datetime.fromtimestamp(seconds, UTC))


def seconds_of(time: str) -> float:
    """The reverse of ``stamp``."""
    return datetime.fromisoformat(time).timestamp()


def with_meta(item: Obj, **changes: Any) -> Obj:
    """The object with these fields of its metadata, named as in Python: deletion_timestamp. None removes one."""
    meta = dict(item["metadata"])
    for name, value in changes.items():
        first, *rest = name.split("_")
        field = first + "".join(word.capitalize() for word in rest)
        if value is None:
            meta.pop(field, None)
        else:
            meta[field] = value
    return {**item, "metadata": meta}
