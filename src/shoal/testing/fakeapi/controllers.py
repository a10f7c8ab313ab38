"""The controllers that a cluster has beside its API server: garbage, namespaces."""

from collections.abc import Callable
from typing import Any

from shoal.testing.fakeapi.garbage import Garbage
from shoal.testing.fakeapi.inside import Inside
from shoal.testing.fakeapi.kinds import BY_RESOURCE
from shoal.testing.fakeapi.server import Server
from shoal.testing.fakeapi.store import Obj

CERTIFICATE = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"
_ROOT = {
    "annotations": {
        "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using "
        "internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed "
        "across distributions of Kubernetes clusters."
    }
}


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
        """Every namespace has its service account and the certificate of the server."""
        for namespace in self._manager.all("namespaces"):
            if "deletionTimestamp" not in namespace["metadata"]:
                name = namespace["metadata"]["name"]
                self._make_once("configmaps", name, "kube-root-ca.crt", metadata=_ROOT, data={"ca.crt": CERTIFICATE})
                self._make_once("serviceaccounts", name, "default")

    def _make_once(self, resource: str, namespace: str, name: str, **fields: Any) -> None:
        if self._manager.server.state.store.get(resource, namespace, name) is None:
            self._manager.make(resource, namespace, name, **fields)

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
