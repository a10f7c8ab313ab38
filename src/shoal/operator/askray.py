"""The operator's side of Ray: a question to a cluster's GCS, and the word that a node is to go."""

import asyncio
import base64
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.resources import SECRETS
from shoal.backends.kubernetes.store import Key
from shoal.desired.cluster import DesiredCluster
from shoal.engine.gcs import GcsUnauthorized, GcsUnreachable, RayNode
from shoal.errors import ActionFailed
from shoal.spec.wire import Wire
from shoal.world.kubernetes import Observed, RayView

FIRST_PATIENCE_S = 0.25
"""For the first answer of a head, since what is told of its cluster waits for it."""
PATIENCE_S = 3.0
GCS_PORT = 6379
TOKEN_VARIABLE = "RAY_AUTH_TOKEN"  # noqa: S105


class Gcs(Protocol):
    """Speaks to the GCS at an address, ``HOST:PORT``. Raises GcsUnreachable, GcsUnauthorized."""

    async def alive_nodes(self, address: str, token: str, timeout_s: float) -> Iterable[RayNode]:
        """The nodes that it calls ALIVE."""
        ...

    async def drain_node(self, address: str, token: str, ray_id: str, deadline_s: int, timeout_s: float) -> None:
        """Tell it to give a node no more work, and that the node ends in ``deadline_s``."""
        ...


class TokenMissing(ActionFailed):
    """The Secret that a cluster's token is in, or its key, is not there, so Ray can't be asked.

    `kubectl get secret` in the cluster's namespace lists those there are; authOptions.secretName of the RayCluster says
    which one is meant. The operator makes one by itself when the manifest names none.
    """

    code = "E722"


class _Secret(Wire, frozen=True):
    data: dict[str, str] = {}


class _Known(msgspec.Struct):
    """What is remembered of one cluster. tokens: by Secret and key. asked: the address that was asked last."""

    uid: str
    tokens: dict[tuple[str, str], str] = {}
    asked: str = ""


class AskRay:
    """Asks the GCS of clusters, each with its own token, which is read once."""

    def __init__(self, client: Client, gcs: Gcs) -> None:
        self._client = client
        self._gcs = gcs
        self._clusters: dict[Key, _Known] = {}

    def remember(self, observed: Observed, secret: str, values: Mapping[str, str]) -> None:
        """A Secret was made for this cluster with these values, so it need not be read. They are never told."""
        for key, value in values.items():
            self._known(observed).tokens[secret, key] = value

    def forget(self, key: Key) -> None:
        """The cluster is gone."""
        self._clusters.pop(key, None)

    async def view(self, observed: Observed, desired: DesiredCluster) -> RayView:
        """Who is alive; what stands in the way of knowing is in ``error``, in words that are the same each time."""
        known = self._known(observed)
        address = _address(observed, desired)
        patience_s = PATIENCE_S if known.asked == address else FIRST_PATIENCE_S
        known.asked = address
        try:
            await _connect(address, patience_s)
            nodes = await self._gcs.alive_nodes(address, await self._token(observed, desired), patience_s)
        except GcsUnauthorized as error:
            known.tokens.clear()
            return RayView(error=f"Ray's GCS at {address} refuses the token: {error.what}")
        except GcsUnreachable:
            return RayView(error=f"Ray's GCS at {address} does not answer")
        except ActionFailed as error:
            return RayView(error=error.what)
        return RayView(alive={node.instance_id: node.node_id for node in nodes if node.instance_id})

    async def drain(self, observed: Observed, desired: DesiredCluster, ray_id: str, deadline_s: int) -> None:
        """Tell Ray that one of its nodes is to go. Raises ActionFailed."""
        token = await self._token(observed, desired)
        await self._gcs.drain_node(_address(observed, desired), token, ray_id, deadline_s, PATIENCE_S)

    async def _token(self, observed: Observed, desired: DesiredCluster) -> str:
        source = token_source(desired)
        if source is None:
            return ""
        known, namespace = self._known(observed), observed.resource.metadata.namespace
        if source not in known.tokens:
            name, key = source
            try:
                secret = await self._client.get(SECRETS, namespace, name, _Secret)
                known.tokens[source] = base64.b64decode(secret.data[key]).decode()
            except (NotFound, KeyError) as error:
                raise TokenMissing(f"there is no key {key!r} in a Secret {name!r}", where=namespace) from error
        return known.tokens[source]

    def _known(self, observed: Observed) -> _Known:
        """Of this very RayCluster, and no earlier one of its name."""
        meta = observed.resource.metadata
        known = self._clusters.get((meta.namespace, meta.name))
        if known is None or known.uid != meta.uid:
            known = self._clusters[meta.namespace, meta.name] = _Known(meta.uid)
        return known


def token_source(desired: DesiredCluster) -> tuple[str, str] | None:
    """The Secret, and its key, from which the head's own container has its token; None where it has none."""
    template = desired.templates.get(desired.head.template, {}) if desired.head else {}
    containers: list[dict[str, Any]] = template.get("spec", {}).get("containers", [])
    for variable in containers[0].get("env", []) if containers else []:
        source = (variable.get("valueFrom") or {}).get("secretKeyRef")
        if variable.get("name") == TOKEN_VARIABLE and source:
            return source["name"], source["key"]
    return None


def _address(observed: Observed, desired: DesiredCluster) -> str:
    head = desired.head
    if head is None:
        raise GcsUnreachable("the cluster has no head")
    ip = next((pod.status.pod_ip for pod in observed.pods if pod.metadata.name == head.name), "")
    host = f"[{ip}]" if ":" in ip else ip
    return f"{host}:{head.ports.get('gcs', GCS_PORT)}"


async def _connect(address: str, patience_s: float) -> None:
    """Find out cheaply whether anything listens at all. Raises GcsUnreachable."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(patience_s):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except (OSError, TimeoutError) as error:
        raise GcsUnreachable("nothing listens", where=address) from error
    writer.close()
