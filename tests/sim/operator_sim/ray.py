"""The Ray of every cluster, as an operator can ask it: who is let in, and who is alive."""

import ssl
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from shoal.engine.gcs import GcsUnauthorized, GcsUnreachable, RayNode
from shoal.engine.gcs_async import DrainReason, DrainRefused, Drivers, GcsAt, GcsCalls
from shoal.testing.fakeapi import FakeApi
from shoal.testing.fakeapi.kubelet import secrets_of

UNUSED = "test/unused"
"""Annotation of a RayCluster to which no driver is attached."""
CLUSTER = "ray.io/cluster"
Read = dict[str, dict[str, str]]


class Ray(GcsCalls):
    """Its heads let in who has what they have read of Secrets, and call those nodes alive that have read the same.

    Half of the nodes have work.

    told: pods whose nodes were told to go. deaf: so many times nobody who says so is heard.
    """

    def __init__(self, api: FakeApi) -> None:
        super().__init__()
        self.told: set[str] = set()
        self.deaf = 0
        self._api = api
        self._read: dict[str, Read] = {}

    def start(self) -> None:
        """Whatever runs by now has read its Secrets as it started."""
        for pod in self._api.objects("pods"):
            if pod["status"].get("phase") == "Running":
                self._read.setdefault(pod["metadata"]["uid"], dict(self._secrets(pod)))

    async def listens(self, at: GcsAt) -> None:
        """Raises GcsUnreachable where no pod runs."""
        self._head(at)

    async def alive_nodes(self, at: GcsAt) -> tuple[RayNode, ...]:
        """Raises GcsUnauthorized for another token than the head's, GcsUnreachable for another authority."""
        head = self._head(at)
        read = self._read[head["metadata"]["uid"]]
        if at.token != next((data["auth_token"] for data in read.values() if "auth_token" in data), ""):
            raise GcsUnauthorized("another token")
        authority = next((data["tls.crt"] for data in read.values() if "tls.crt" in data), "")
        if (at.tls.get_ca_certs(binary_form=True) if at.tls else []) != ([_der(authority)] if authority else []):
            raise GcsUnreachable("another authority")
        mates = [pod for pod in self._api.objects("pods") if _cluster(pod) == _cluster(head)]
        return tuple(_node(pod) for pod in mates if self._read.get(pod["metadata"]["uid"]) == read and _is_ready(pod))

    async def drivers(self, at: GcsAt) -> Drivers:
        """One is attached, unless the RayCluster says otherwise."""
        namespace, name = _cluster(self._head(at))
        notes = self._api.object("rayclusters.ray.io", namespace, name)["metadata"].get("annotations", {})  # type: ignore[index]
        return Drivers(int(UNUSED not in notes), 0.0)

    async def drain_node(self, at: GcsAt, ray_id: str, deadline_s: int, reason: DrainReason) -> None:
        """Raises DrainRefused, and GcsUnreachable while it is deaf."""
        if self.deaf:
            self.deaf -= 1
            raise GcsUnreachable("nobody hears it")
        if reason is DrainReason.IDLE and ray_id[-1] not in "02468":
            raise DrainRefused("it has work")
        self.told |= {meta["name"] for pod in self._api.objects("pods") if _ray_id(meta := pod["metadata"]) == ray_id}

    def _head(self, at: GcsAt) -> dict[str, Any]:
        for pod in self._api.objects("pods"):
            if pod["status"].get("podIP") == at.address.rpartition(":")[0] and pod["metadata"]["uid"] in self._read:
                return pod
        raise GcsUnreachable("nobody is there")

    def _secrets(self, pod: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
        for name in secrets_of(pod):
            secret = self._api.object("secrets", pod["metadata"]["namespace"], name)
            if secret is not None:
                yield name, {key: b64decode(value).decode() for key, value in secret["data"].items()}


def _cluster(pod: dict[str, Any]) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["labels"].get(CLUSTER, "")


def _is_ready(pod: dict[str, Any]) -> bool:
    return any(said["type"] == "Ready" and said["status"] == "True" for said in pod["status"].get("conditions", ()))


def _node(pod: dict[str, Any]) -> RayNode:
    meta = pod["metadata"]
    is_head = meta["labels"].get("ray.io/node-type") == "head"
    return RayNode(_ray_id(meta), True, is_head, meta["name"], "", pod["status"]["podIP"], {}, {})


def _ray_id(meta: dict[str, Any]) -> str:
    return f"ray-{meta['uid']}"


def _der(certificate: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert(certificate)
