"""The local backend with everything but Ray: nodes are processes that sleep, and "Ray" sees each that is journalled."""

import asyncio

from shoal.backends.local import journal, processes
from shoal.backends.local.backend import LocalBackend
from shoal.backends.local.journal import Record
from shoal.backends.local.paths import journal_path, known_clusters
from shoal.desired.cluster import DesiredCluster
from shoal.engine.gcs import RayNode
from shoal.runtime.clock import SystemClock
from shoal.runtime.converge import Silent, converge
from shoal.status.conditions import ClusterStatus


def seen_by_ray(address: str, token: str, timeout_s: float) -> tuple[RayNode, ...]:
    """All that any journal tells of, as alive."""
    records = [journal.read(journal_path(cluster)) for cluster in known_clusters()]
    launches = [name for record in records if record is not None for name in record.nodes]
    return tuple(RayNode(f"{name:0>56}", True, False, name, "", "127.0.0.1", {}, {}) for name in launches)


class Sleepers:
    """Clusters of sleeping processes."""

    def __init__(self) -> None:
        self.backend = LocalBackend()

    def take(self, name: str, desired: DesiredCluster | None) -> ClusterStatus:
        """Up, or down, to the end."""
        return asyncio.run(converge(self.backend, name, desired, SystemClock(), Silent(), 30))

    def record(self, name: str) -> Record:
        """What the journal says."""
        record = journal.read(journal_path(name))
        assert record is not None
        return record

    def pids(self, uid: str) -> list[int]:
        """Processes that carry the cluster's marker."""
        return [process.pid for process in processes.snapshot(uid) if process.marker]
