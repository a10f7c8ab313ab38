"""The local backend with real Ray, held to what all backends do."""

import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from conformance.harness import down
from conformance.suite import Conformance
from shoal.backends.local import journal, ports, processes
from shoal.backends.local.backend import LocalBackend
from shoal.backends.local.journal import Record
from shoal.backends.local.observe import identity
from shoal.backends.local.paths import journal_path, known_clusters
from shoal.desired.cluster import DesiredCluster
from shoal.runtime.clock import SystemClock
from shoal.testing.remains import remains, shared_memory
from shoal.testing.specs import cluster_of

SMALL = {"object-store-memory": "80000000"}


class LocalHarness:
    """Processes of this machine, and the hand that kills them."""

    patience_s = 180.0

    def __init__(self) -> None:
        self.backend = LocalBackend()
        self.clock = SystemClock()
        self.shared_memory = shared_memory()
        self.seen: dict[str, tuple[str, set[int]]] = {}
        self.ports: dict[str, dict[str, int]] = {}

    def spec(self, name: str, params: Mapping[str, Mapping[str, str]] | None = None, **groups: int) -> DesiredCluster:
        given = params or {}
        # Ports that other clusters of this machine don't ask for, or one of theirs would look like something left.
        wanted = self.ports.setdefault(name, dict(zip(ports.CONVENTIONAL, ports.free(()), strict=False)))
        small = {key: SMALL | dict(given.get(key, {})) for key in ("headgroup", *groups)}
        cluster = cluster_of(name, groups, params=small)
        head = msgspec.structs.replace(cluster.nodes[0], ports=wanted)
        return msgspec.structs.replace(cluster, nodes=(head, *cluster.nodes[1:]))

    def kill(self, cluster: str, node: str) -> None:
        record = self._record(cluster)
        found = next(known for known in record.nodes.values() if known.node.name == node)
        members = processes.members(processes.snapshot(record.uid), *identity(record, found))
        assert members
        for process in members:
            os.kill(process.pid, signal.SIGKILL)
        assert processes.wait_gone(members, 10)

    async def identities(self, cluster: str) -> dict[str, str]:
        record = self._record(cluster)
        running = {(process.pid, process.ticks): process for process in processes.snapshot(record.uid)}
        alive = (node for node in record.nodes.values() if (node.pid, node.ticks) in running)
        return {node.node.name: f"{node.pid} since {node.ticks}" for node in alive}

    async def left(self, cluster: str) -> list[str]:
        uid, ports = self.seen[cluster]
        if journal_path(cluster).exists():
            self._record(cluster)
        new = [] if known_clusters() else sorted(shared_memory() - self.shared_memory)
        return remains(cluster, uid, ports) + [f"shared memory {name}" for name in new]

    def _record(self, cluster: str) -> Record:
        record = journal.read(journal_path(cluster))
        assert record is not None
        agents = {port for node in record.nodes.values() for port in node.agent_ports.values()}
        _, known = self.seen.get(cluster, ("", set()))
        self.seen[cluster] = record.uid, known | agents | set(record.ports.values())
        return record


@pytest.fixture(scope="module")
def harness(module_home: Path) -> Iterator[LocalHarness]:
    """One home for all scenarios, and nothing left in it whatever fails."""
    local = LocalHarness()
    yield local
    for cluster in known_clusters():
        down(local, cluster)


@pytest.mark.ray
class TestLocal(Conformance):
    """Every scenario on this machine's processes."""
