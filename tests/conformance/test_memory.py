"""The memory backend, held to what all backends do."""

from collections.abc import Mapping

import pytest

from conformance.suite import Conformance
from shoal.backends.memory import MemoryBackend
from shoal.desired.cluster import DesiredCluster
from shoal.testing.clock import VirtualClock
from shoal.testing.specs import cluster_of


class MemoryHarness:
    """Clusters in memory and the hand that kills their nodes."""

    patience_s = 60.0

    def __init__(self) -> None:
        self.backend = MemoryBackend()
        self.clock = VirtualClock()

    def spec(self, name: str, params: Mapping[str, Mapping[str, str]] | None = None, **groups: int) -> DesiredCluster:
        return cluster_of(name, groups, params=params)

    def kill(self, cluster: str, node: str) -> None:
        self.backend.kill(cluster, node)

    async def identities(self, cluster: str) -> dict[str, str]:
        return {name: str(launch) for name, launch in self.backend.live_nodes(cluster).items()}

    async def left(self, cluster: str) -> list[str]:
        return [name for name in await self.backend.clusters() if name == cluster]


@pytest.fixture(scope="module")
def harness() -> MemoryHarness:
    """One backend for all scenarios."""
    return MemoryHarness()


class TestMemory(Conformance):
    """Every scenario on memory."""
