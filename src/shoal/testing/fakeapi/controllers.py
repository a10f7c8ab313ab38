"""The controllers that a cluster has beside its API server: garbage, namespaces."""

from collections.abc import Callable

from shoal.testing.fakeapi.garbage import Garbage
from shoal.testing.fakeapi.inside import Inside
from shoal.testing.fakeapi.kinds import BY_RESOURCE
from shoal.testing.fakeapi.server import Server
from shoal.testing.fakeapi.store import Obj


class Controllers:
    """garbage: what deletes the dependents of what is gone."""

    def __init__(self, server: Server, now: Callable[[], float]) -> None:
        self.garbage = Garbage(Inside(server, now, "kube-controller-manager"))
        self._manager = Inside(server, now, "kube-controller-manager")

    def act(self) -> None:
        """All of them."""
        self.equip_namespaces()
        self.garbage.collect()
        self.empty_namespaces()

    def equip_namespaces(self) -> None:
        """Every namespace has its service account."""
        for namespace in self._manager.all("namespaces"):
            name = namespace["metadata"]["name"]
            there = self._manager.server.state.store.get("serviceaccounts", name, "default")
            if there is None and "deletionTimestamp" not in namespace["metadata"]:
                self._manager.make("serviceaccounts", name, "default")

    def empty_namespaces(self) -> None:
        """Delete what is in the namespaces that are being deleted, and those that are empty."""
        for namespace in self._manager.all("namespaces"):
            if "deletionTimestamp" in namespace["metadata"] and not self._emptied(namespace["metadata"]["name"]):
                spec = {name: value for name, value in namespace["spec"].items() if name != "finalizers"}
                self._manager.put("namespaces", namespace, {**namespace, "spec": spec})

    def _emptied(self, name: str) -> list[Obj]:
        """What is left in it after deleting all that can be."""
        left = []
        for resource in self._manager.server.state.store.resources():
            for item in self._manager.all(resource) if BY_RESOURCE[resource].namespaced else ():
                if item["metadata"].get("namespace") == name:
                    if "deletionTimestamp" not in item["metadata"]:
                        self._manager.drop(resource, item)
                    there = self._manager.server.state.store.get(resource, name, item["metadata"]["name"])
                    left += [there] if there is not None else []
        return left
