"""Shoal as a library, on real Ray."""

import asyncio
from pathlib import Path

import pytest

import shoal
import shoal.errors
from shoal.runtime.backend_for import known_clusters
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


SCRIPT = """
import os
print(os.environ["GREETING"])
raise SystemExit(3)
"""


def test_a_cluster_lives_as_long_as_its_with_block(module_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = module_home / "mine"
    folder.mkdir()
    (folder / "library.yaml").write_text(SPEC)
    (folder / "script.py").write_text(SCRIPT)
    monkeypatch.chdir(folder)
    with shoal.up("library.yaml") as cluster:
        assert cluster.status().state is State.READY
        assert "Ready" in cluster._repr_html_()
        with pytest.raises(shoal.JobFailed) as failed:
            cluster.submit("python script.py")
        assert (failed.value.result.exit_code, "hello" in failed.value.result.log) == (3, True)
        ran = cluster.run(
            ["python", "-c", "import ray; ray.init('auto', log_to_driver=False); print(len(ray.nodes()))"]
        )
        assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "1")
        with pytest.raises(shoal.errors.CommandNotRun):
            cluster.run(["no-such-program"])
        asyncio.run(meet_again("library.yaml"))
        assert cluster.status().ready
    assert known_clusters() == ()
    with pytest.raises(shoal.errors.ClusterUnknown):
        shoal.get("library")


async def meet_again(file: str) -> None:
    """The async twin finds the same cluster, so does the sync one inside a running loop, as in a notebook: it stays."""
    cluster = await shoal.async_up(file)
    assert (await cluster.status()).ready
    with shoal.get("library") as same:
        assert same.status().ready
