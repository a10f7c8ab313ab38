"""The calls that the operator makes to Ray, made to a real one: who is alive, and nodes that are told to go."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from shoal.backends.base import Endpoints
from shoal.backends.local.backend import LocalBackend
from shoal.backends.local.paths import known_clusters, token_path
from shoal.desired.cluster import DesiredCluster
from shoal.engine.gcs import GcsUnauthorized, RayNode
from shoal.engine.gcs_async import DrainReason, DrainRefused, GcsAt, GcsCalls
from shoal.runtime.clock import SystemClock
from shoal.runtime.converge import Silent, converge
from shoal.testing.specs import cluster_of

pytestmark = pytest.mark.ray

SMALL = {"object-store-memory": "80000000"}
DESIRED = cluster_of(
    "drained",
    {"idle": 1, "busy": 1},
    params={"headgroup": SMALL, "idle": SMALL, "busy": {**SMALL, "resources": '{"desk": 1}'}},
)
AT_WORK = """
import os, ray
ray.init(address=os.environ["RAY_ADDRESS"], log_to_driver=False)
@ray.remote(num_cpus=0, resources={"desk": 1})
class Clerk:
    def here(self): return "at work"
clerk = Clerk.remote()
print(ray.get(clerk.here.remote()), flush=True)
input()
"""


class Running(msgspec.Struct):
    """The cluster as it runs."""

    endpoints: Endpoints
    token: str

    def nodes(self) -> dict[str, RayNode]:
        """Every node that the GCS knows, by the group it is of."""
        nodes = asyncio.run(GcsCalls().known_nodes(GcsAt(self.endpoints.gcs, self.token, 10)))
        return {node.node_type: node for node in nodes}

    def drain(self, node: RayNode, reason: DrainReason, *, token: str = "") -> None:
        """Tell it to go within a minute."""
        at = GcsAt(self.endpoints.gcs, token or self.token, 10)
        asyncio.run(GcsCalls().drain_node(at, node.node_id, 60, reason))

    def wait_until_gone(self, group: str) -> None:
        """Raises TimeoutError when a node that was drained stays."""
        deadline = time.monotonic() + 60
        while self.nodes()[group].alive:
            if time.monotonic() > deadline:
                raise TimeoutError(group)
            time.sleep(0.2)


def take(desired: DesiredCluster | None) -> None:
    """Up or down, to the end."""
    asyncio.run(converge(LocalBackend(), "drained", desired, SystemClock(), Silent(), 180))


@pytest.fixture(scope="module")
def cluster(module_home: Path) -> Iterator[Running]:
    """A head, a worker that will be idle and one that will have work."""
    try:
        take(DESIRED)
        yield Running(LocalBackend().endpoints("drained"), token_path("drained").read_text())
    finally:
        if known_clusters():
            take(None)


@contextmanager
def somebody_at_work(cluster: Running) -> Iterator[None]:
    """An actor on the worker with the desk, until the block is left."""
    environment = {**os.environ, **cluster.endpoints.environment}
    program = subprocess.Popen(
        [sys.executable, "-c", AT_WORK], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline().strip() == "at work"
        yield
    finally:
        program.communicate("\n", timeout=60)


def test_everyone_is_alive_under_the_name_of_its_launch(cluster: Running) -> None:
    nodes = cluster.nodes()
    assert sorted(nodes) == ["busy", "headgroup", "idle"]
    assert all(node.alive and node.instance_id for node in nodes.values())
    assert nodes["headgroup"].is_head


def test_a_wrong_token_drains_nobody(cluster: Running) -> None:
    with pytest.raises(GcsUnauthorized):
        cluster.drain(cluster.nodes()["idle"], DrainReason.IDLE, token="wrong")
    with pytest.raises(GcsUnauthorized):
        asyncio.run(GcsCalls().alive_nodes(GcsAt(cluster.endpoints.gcs, timeout_s=10)))
    assert cluster.nodes()["idle"].alive


def test_a_node_at_work_is_not_drained_as_idle_and_goes_when_its_work_has_ended(cluster: Running) -> None:
    with somebody_at_work(cluster):
        with pytest.raises(DrainRefused, match="idle"):
            cluster.drain(cluster.nodes()["busy"], DrainReason.IDLE)
        cluster.drain(cluster.nodes()["busy"], DrainReason.PREEMPTION)
        assert cluster.nodes()["busy"].alive
    cluster.wait_until_gone("busy")


def test_an_idle_node_goes_at_once(cluster: Running) -> None:
    cluster.drain(cluster.nodes()["idle"], DrainReason.IDLE)
    cluster.wait_until_gone("idle")
    assert cluster.nodes()["headgroup"].alive
