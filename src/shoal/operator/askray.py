"""The operator's side of Ray: a question to a cluster's GCS, and the word that a node is to go."""

import asyncio
import base64
from collections.abc import Iterable
from typing import Any, Protocol

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.resources import SECRETS
from shoal.desired.cluster import DesiredCluster
from shoal.engine.gcs import GcsUnauthorized, GcsUnreachable, RayNode
from shoal.errors import ActionFailed
from shoal.spec.wire import Wire
from shoal.world.kubernetes import Observed, RayView

CONNECT_S = 0.5
ANSWER_S = 3.0
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


class AskRay:
    """Asks the GCS of clusters, each with its own token, which is read once."""

    def __init__(self, client: Client, gcs: Gcs) -> None:
        self._client = client
        self._gcs = gcs
        self._tokens: dict[tuple[str, str, str], str] = {}

    async def view(self, observed: Observed, desired: DesiredCluster) -> RayView:
        """Who is alive; what stands in the way of knowing is in ``error``, in words that are the same each time."""
        address = _address(observed, desired)
        try:
            await _connect(address)
            nodes = await self._gcs.alive_nodes(address, await self._token(observed, desired), ANSWER_S)
        except GcsUnauthorized as error:
            self._tokens.clear()
            return RayView(error=f"Ray's GCS at {address} refuses the token: {error.what}")
        except GcsUnreachable:
            return RayView(error=f"Ray's GCS at {address} does not answer")
        except ActionFailed as error:
            return RayView(error=error.what)
        return RayView(alive={node.instance_id: node.node_id for node in nodes if node.instance_id})

    async def drain(self, observed: Observed, desired: DesiredCluster, ray_id: str, deadline_s: int) -> None:
        """Tell Ray that one of its nodes is to go. Raises ActionFailed."""
        token = await self._token(observed, desired)
        await self._gcs.drain_node(_address(observed, desired), token, ray_id, deadline_s, ANSWER_S)

    async def _token(self, observed: Observed, desired: DesiredCluster) -> str:
        source = token_source(desired)
        if source is None:
            return ""
        meta = observed.resource.metadata
        at = (meta.uid, *source)
        if at not in self._tokens:
            name, key = source
            try:
                secret = await self._client.get(SECRETS, meta.namespace, name, _Secret)
                self._tokens[at] = base64.b64decode(secret.data[key]).decode()
            except (NotFound, KeyError) as error:
                raise TokenMissing(f"there is no key {key!r} in a Secret {name!r}", where=meta.namespace) from error
        return self._tokens[at]


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


async def _connect(address: str) -> None:
    """Find out cheaply whether anything listens at all. Raises GcsUnreachable."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except (OSError, TimeoutError) as error:
        raise GcsUnreachable("nothing listens", where=address) from error
    writer.close()
