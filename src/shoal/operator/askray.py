"""The operator's side of Ray: a question to a cluster's GCS, and the word that a node is to go."""

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec.structs import replace

from shoal.backends.kubernetes.store import Key
from shoal.desired.cluster import DesiredCluster
from shoal.engine.gcs import GcsUnauthorized, GcsUnreachable, RayNode
from shoal.engine.gcs_async import DrainReason, DrainRefused, Drivers, GcsAt, GcsCalls
from shoal.errors import ActionFailed
from shoal.operator.keys import Keys
from shoal.world.from_kubernetes import seconds
from shoal.world.kubernetes import Observed, RayView

FIRST_PATIENCE_S = 0.25
"""For the first answer of a head, since what is told of its cluster waits for it."""
PATIENCE_S = 3.0


class AskRay:
    """Asks the GCS of clusters. keys: what each lets us in with. now: UTC."""

    def __init__(self, keys: Keys, gcs: GcsCalls, now: Callable[[], datetime]) -> None:
        self._now = now
        self._keys = keys
        self._gcs = gcs
        self._asked: dict[Key, str] = {}  # the address that was asked last

    def forget(self, key: Key) -> None:
        """The cluster is gone."""
        self._keys.forget(key)
        self._asked.pop(key, None)

    async def view(self, observed: Observed, desired: DesiredCluster) -> RayView:
        """Who is alive; what stands in the way of knowing is in ``error``, in words that are the same each time."""
        key = (observed.resource.metadata.namespace, observed.resource.metadata.name)
        address = _address(observed, desired)
        at = GcsAt(address, timeout_s=PATIENCE_S if self._asked.get(key) == address else FIRST_PATIENCE_S)
        self._asked[key] = address
        try:
            await self._gcs.listens(at)
            at = await self._let_in(at, observed, desired)
            nodes = await self._gcs.alive_nodes(at)
            idle_s = None
            if desired.lifecycle.idle:
                idle_s = self._idle_s(observed, desired, nodes, await self._gcs.drivers(at))
        except ActionFailed as error:
            return RayView(error=self._in_words(error, observed, address), gone=self._keys.gone(observed))
        alive = {node.instance_id: node.node_id for node in nodes if node.instance_id}
        return RayView(alive, idle_s=idle_s, gone=self._keys.gone(observed))

    def _in_words(self, error: ActionFailed, observed: Observed, address: str) -> str:
        """What to say of it, and what let us in is no longer taken to be right."""
        if isinstance(error, GcsUnauthorized):
            self._keys.doubt(observed)
            return f"Ray's GCS at {address} refuses the token: {error.what}"
        if isinstance(error, GcsUnreachable):
            self._keys.doubt_tls(observed)
            return f"Ray's GCS at {address} does not answer"
        return error.what

    def _idle_s(
        self, observed: Observed, desired: DesiredCluster, nodes: Iterable[RayNode], drivers: Drivers
    ) -> int | None:
        """Counted from when the last driver left, or else from when the head was made, or started anew: a GCS that
        doesn't last knows nothing of the drivers before."""
        if drivers.attached or desired.head is None:
            return None
        made = [pod.metadata.creation_timestamp for pod in observed.pods if pod.metadata.name == desired.head.name]
        started = [node.started for node in nodes if node.is_head]
        since = max(drivers.last_end, *(seconds(time) for time in made), *started)
        return max(0, int(self._now().timestamp() - since))

    async def drain(self, observed: Observed, desired: DesiredCluster, ray_id: str, deadline_s: int) -> bool:
        """Tell Ray that a node is to go; whether it had nothing to do, and so goes now. Raises ActionFailed."""
        at = await self._let_in(GcsAt(_address(observed, desired), timeout_s=PATIENCE_S), observed, desired)
        try:
            await self._gcs.drain_node(at, ray_id, deadline_s, DrainReason.IDLE)
        except DrainRefused:
            await self._gcs.drain_node(at, ray_id, deadline_s, DrainReason.PREEMPTION)
            return False
        return True

    async def _let_in(self, at: GcsAt, observed: Observed, desired: DesiredCluster) -> GcsAt:
        token, tls = await self._keys.token(observed, desired), await self._keys.tls(observed, desired)
        return replace(at, token=token, tls=tls)


def _address(observed: Observed, desired: DesiredCluster) -> str:
    head = desired.head
    if head is None:
        raise GcsUnreachable("the cluster has no head")
    ip = next((pod.status.pod_ip for pod in observed.pods if pod.metadata.name == head.name), "")
    host = f"[{ip}]" if ":" in ip else ip
    return f"{host}:{head.ports['gcs']}"
