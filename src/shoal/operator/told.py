"""Which Events were told already, and which are still to be."""

import logging
from collections.abc import Iterable, Sequence

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import Fate
from shoal.backends.kubernetes.events import tell
from shoal.backends.kubernetes.store import Key
from shoal.errors import ActionFailed
from shoal.operator.failures import fate_of
from shoal.plan.tell import Notice
from shoal.world.kubernetes import Resource

log = logging.getLogger(__name__)

REMEMBERED = 64
"""Events of one cluster that aren't told again."""


class _Memory(msgspec.Struct):
    """Of one generation of one cluster's spec."""

    generation: tuple[str, int]
    told: set[Notice] = msgspec.field(default_factory=set)
    open: list[Notice] = msgspec.field(default_factory=list)


class Told:
    """Tells each thing once for every change of a cluster's spec; what could not be told is told later."""

    def __init__(self) -> None:
        self._memories: dict[Key, _Memory] = {}

    def plan(self, about: Resource, notices: Iterable[Notice]) -> None:
        """Tell these when there is time."""
        memory = self._memory(about)
        memory.open += [notice for notice in notices if notice not in memory.told and notice not in memory.open]

    async def tell(self, client: Client, about: Resource, now: str) -> Sequence[ActionFailed]:
        """Tell what is open; the errors after which it is worth trying again. now: RFC 3339."""
        memory = self._memory(about)
        while memory.open:
            try:
                await tell(client, about, memory.open[0], now)
            except ActionFailed as error:
                if fate_of(error) is Fate.RETRY:
                    return (error,)
                log.warning("an Event was refused: %s", error)
            notice = memory.open.pop(0)
            if len(memory.told) >= REMEMBERED:
                memory.told.clear()
            memory.told.add(notice)
        return ()

    def forget(self, key: Key) -> None:
        """The cluster is gone."""
        self._memories.pop(key, None)

    def _memory(self, about: Resource) -> _Memory:
        meta = about.metadata
        key, generation = (meta.namespace, meta.name), (meta.uid, meta.generation)
        memory = self._memories.get(key)
        if memory is None:
            memory = self._memories[key] = _Memory(generation)
        elif memory.generation != generation:
            memory.generation = generation
            memory.told.clear()
        return memory
