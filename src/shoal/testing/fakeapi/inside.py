"""Writes by those who run beside the API server: kubelet, scheduler, controllers."""

from collections.abc import Callable
from typing import Any

from shoal.testing.fakeapi.create import create
from shoal.testing.fakeapi.defaults import defaulted
from shoal.testing.fakeapi.delete import Options, delete
from shoal.testing.fakeapi.kinds import BY_RESOURCE, Kind
from shoal.testing.fakeapi.owners import Write
from shoal.testing.fakeapi.server import Server
from shoal.testing.fakeapi.store import Obj
from shoal.testing.fakeapi.update import update


class Inside:
    """One of them. name: its field manager."""

    def __init__(self, server: Server, now: Callable[[], float], name: str) -> None:
        self.server = server
        self.name = name
        self._now = now

    def _write(self, kind: Kind, subresource: str) -> Write:
        self.server.state.now = self._now()
        reset = ((("f:spec",),) if subresource else (("f:status",),)) if kind.has_status else ()
        version = kind.api_version(kind.versions[0])
        return Write(self.name, version, self.server.state.time(), subresource, reset)

    def all(self, resource: str) -> list[Obj]:
        """Every object of PLURAL.GROUP, in order."""
        found = self.server.state.store.all(resource)
        return [found[key] for key in sorted(found)]

    def make(self, resource: str, namespace: str, name: str, **fields: Any) -> None:
        """Create an object."""
        kind = BY_RESOURCE[resource]
        item = {
            "apiVersion": kind.api_version(kind.versions[0]),
            "kind": kind.kind,
            **fields,
            "metadata": {"name": name, **({"namespace": namespace} if namespace else {}), **fields.get("metadata", {})},
        }
        write = self._write(kind, "")
        create(self.server.state, kind, defaulted(kind, item), write)
        self.server.wake()

    def put(self, resource: str, item: Obj, new: Obj, subresource: str = "") -> Obj:
        """Store what ``new`` changes of ``item``."""
        kind = BY_RESOURCE[resource]
        write = self._write(kind, subresource)
        stored = update(self.server.state, kind, item, new, write)
        self.server.wake()
        return stored

    def drop(self, resource: str, item: Obj, options: Options | None = None) -> None:
        """Delete an object, at once unless ``options`` say otherwise."""
        kind = BY_RESOURCE[resource]
        self._write(kind, "")
        delete(self.server.state, kind, item, options or Options(grace_period_seconds=0))
        self.server.wake()
