"""What a backend has to offer, beyond being one, to be held to the conformance suite."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from shoal.backends.base import NodeBackend
from shoal.desired.cluster import DesiredCluster
from shoal.runtime.clock import Clock
from shoal.runtime.converge import Silent, converge
from shoal.status.conditions import ClusterStatus, status_of


class Harness(Protocol):
    """One backend under test, and the hands of somebody who stands outside of Shoal."""

    @property
    def backend(self) -> NodeBackend:
        """The backend under test."""
        ...

    @property
    def clock(self) -> Clock:
        """The time it lives in."""
        ...

    @property
    def patience_s(self) -> float:
        """How long a cluster may take to be ready."""
        ...

    def spec(self, name: str, params: Mapping[str, Mapping[str, str]] | None = None, **groups: int) -> DesiredCluster:
        """A cluster as small as the backend can run; params: of `ray start` by group."""
        ...

    def kill(self, cluster: str, node: str) -> None:
        """End one node without Shoal's knowledge; it has ended on return."""
        ...

    async def identities(self, cluster: str) -> dict[str, str]:
        """Name of every live node to something that changes with each start of it, found without Shoal's status."""
        ...

    async def left(self, cluster: str) -> list[str]:
        """What of a cluster that this harness has seen is left anywhere, in words; [] for nothing."""
        ...


async def settle(harness: Harness, cluster: str, desired: DesiredCluster | None) -> ClusterStatus:
    """Take a cluster to its spec, as `up` and `down` do."""
    return await converge(harness.backend, cluster, desired, harness.clock, Silent(), harness.patience_s)


async def look(harness: Harness, cluster: str) -> ClusterStatus:
    """What `status` says."""
    world = await harness.backend.observe(cluster)
    return status_of(world.wanted, world)


def up(harness: Harness, desired: DesiredCluster) -> dict[str, str]:
    """Bring up ``desired``; its nodes' identities."""

    async def run() -> dict[str, str]:
        await settle(harness, desired.name, desired)
        return await harness.identities(desired.name)

    return asyncio.run(run())


def down(harness: Harness, cluster: str) -> ClusterStatus:
    """Take it down."""
    return asyncio.run(settle(harness, cluster, None))


def restarted(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Nodes of both moments that are not the same any more."""
    return {name for name in before.keys() & after.keys() if before[name] != after[name]}
