"""Shoal as a library, on real Ray."""

import asyncio
from pathlib import Path

import pytest

import shoal
import shoal.errors
from shoal.backends.local.backend import known_clusters
from shoal.status.conditions import State

pytestmark = pytest.mark.ray

SPEC = """
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: library}
spec:
  headGroupSpec:
    rayStartParams: {num-cpus: "1", object-store-memory: "100000000"}
    template: {spec: {containers: [{name: ray, env: [{name: GREETING, value: hello}]}]}}
"""


def test_a_cluster_lives_as_long_as_its_with_block(module_home: Path) -> None:
    file = module_home / "library.yaml"
    file.write_text(SPEC)
    with shoal.up(str(file)) as cluster:
        assert cluster.status().state is State.READY
        assert "Ready" in cluster._repr_html_()
        done = cluster.submit("python -c 'import os; print(os.environ[\"GREETING\"]); raise SystemExit(3)'")
        assert (done.exit_code, "hello" in done.log) == (3, True)
        ran = cluster.run(
            ["python", "-c", "import ray; ray.init('auto', log_to_driver=False); print(len(ray.nodes()))"]
        )
        assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "1")
        asyncio.run(meet_again(str(file)))
    assert known_clusters() == ()
    with pytest.raises(shoal.errors.ClusterUnknown):
        shoal.attach("library")


async def meet_again(file: str) -> None:
    """The async twin finds the same cluster, and so does the sync one inside a running loop, as in a notebook."""
    cluster = await shoal.async_up(file)
    assert (await cluster.status()).ready
    assert shoal.attach("library").status().ready
