"""Shoal as a library, on clusters in memory; tests/e2e/test_api.py has it on real Ray."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

import shoal.api
from shoal.api import AsyncCluster, Cluster
from shoal.backends.base import Backend
from shoal.backends.local.backend import run_in
from shoal.backends.memory import MemoryBackend
from shoal.engine.jobs import Job, Jobs, JobStatus
from shoal.errors import ActionFailed, ClusterUnknown, CommandNotRun
from shoal.runtime.clock import SystemClock
from shoal.runtime.converge import Silent, converge
from shoal.runtime.job_run import JobFailed, JobResult
from shoal.testing.specs import cluster_of

SPEC = cluster_of("prod", {"w": 1})


class HasHead(MemoryBackend):
    """Its head is this process."""

    async def run(self, cluster: str, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        return await run_in(dict(os.environ), command)


async def made(backend: Backend, *, ends_with_block: bool = False) -> AsyncCluster:
    """The cluster, up and running in ``backend``."""
    await converge(backend, "prod", SPEC, SystemClock(), Silent(), 60)
    return AsyncCluster("prod", backend, ends_with_block=ends_with_block)


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> MemoryBackend:
    """The place where ``get`` finds a cluster "prod"."""
    backend = HasHead()
    asyncio.run(made(backend))
    monkeypatch.setattr(shoal.api, "backend_of", lambda address: backend)
    monkeypatch.setattr(shoal.api, "known_clusters", lambda: ("prod",))
    return backend


def test_a_block_leaves_running_what_it_only_got(backend: MemoryBackend) -> None:
    with shoal.api.get("prod") as cluster:
        assert cluster.status().ready
    assert set(backend.live_nodes("prod")) == {"head", "w-0"}
    cluster.down()
    assert backend.live_nodes("prod") == {}


def test_a_block_of_asyncio_leaves_running_what_it_only_got(backend: MemoryBackend) -> None:
    async def block() -> None:
        async with await shoal.api.async_get("prod") as cluster:
            assert (await cluster.status()).ready

    asyncio.run(block())
    assert set(backend.live_nodes("prod")) == {"head", "w-0"}


def test_a_block_ends_what_it_made() -> None:
    backend = MemoryBackend()
    with Cluster(asyncio.run(made(backend, ends_with_block=True))):
        assert backend.live_nodes("prod")
    assert backend.live_nodes("prod") == {}


def test_a_name_that_nobody_knows_is_refused(backend: MemoryBackend) -> None:
    with pytest.raises(ClusterUnknown, match="there is no cluster 'prodd'"):
        shoal.api.get("prodd")


def test_a_down_that_fails_does_not_hide_what_went_wrong_in_the_block() -> None:
    backend = MemoryBackend()
    cluster = Cluster(asyncio.run(made(backend, ends_with_block=True)))
    backend.checkpoint = refuse
    with pytest.raises(ZeroDivisionError) as caught, cluster:
        _ = 1 // 0
    assert caught.value.__notes__ == ["cluster 'prod' could not be taken down after this: node w-0 does not end"]


def test_a_down_that_fails_is_told_where_the_block_went_well() -> None:
    backend = MemoryBackend()
    cluster = Cluster(asyncio.run(made(backend, ends_with_block=True)))
    backend.checkpoint = refuse
    with pytest.raises(ActionFailed, match="w-0 does not end"), cluster:
        pass


def refuse(moment: str, action: str) -> None:
    raise ActionFailed("node w-0 does not end")


def test_a_command_brings_its_exit_code_and_output(backend: MemoryBackend) -> None:
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(5)"
    ran = shoal.api.get("prod").run([sys.executable, "-c", code])
    assert (ran.returncode, ran.stdout) == (5, "out\nerr\n")


@pytest.mark.parametrize(
    ("command", "says"), [(["no-such-program"], "there is no program 'no-such-program'"), (["/"], "can't run '/'")]
)
def test_a_command_that_can_not_be_run_says_so(backend: MemoryBackend, command: Sequence[str], says: str) -> None:
    with pytest.raises(CommandNotRun, match=says):
        shoal.api.get("prod").run(command)


def test_a_command_that_nobody_waits_for_is_ended(backend: MemoryBackend) -> None:
    async def leave() -> None:
        async with asyncio.timeout(0.2):
            await (await shoal.api.async_get("prod")).run(["sleep", "3600"])

    with pytest.raises(TimeoutError):
        asyncio.run(leave())  # and the fixture no_leaks finds a process that is left


@pytest.fixture
def submitted(backend: MemoryBackend, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The working directories of the jobs that were submitted. Each job ends with exit code 3."""
    folders: list[object] = []
    job = Job(type="SUBMISSION", status=JobStatus.FAILED, entrypoint="x", submission_id="j", driver_exit_code=3)

    async def run_job(jobs: Jobs, entrypoint: str, working_dir: object, runtime_env: object) -> JobResult:
        folders.append(working_dir)
        return JobResult(job, 3, "can't open file")

    monkeypatch.setattr(shoal.api, "run_job", run_job)
    monkeypatch.setattr(shoal.api, "jobs_at", lambda endpoints: Jobs("http://127.0.0.1:9"))
    return folders


def test_a_job_that_fails_is_an_error_unless_asked_otherwise(submitted: list[object]) -> None:
    cluster = shoal.api.get("prod")
    with pytest.raises(JobFailed, match="prod: job j ended with exit code 3: can't open file") as caught:
        cluster.submit("python script.py")
    assert cluster.submit("python script.py", check=False) == caught.value.result


def test_a_job_runs_in_the_files_of_the_current_folder_unless_asked_otherwise(submitted: list[object]) -> None:
    cluster = shoal.api.get("prod")
    cluster.submit("x", check=False)
    cluster.submit("x", check=False, working_dir=None)
    cluster.submit("x", check=False, working_dir="there", runtime_env={"working_dir": "elsewhere"})
    cluster.submit("x", check=False, runtime_env={"working_dir": "elsewhere"})
    assert submitted == [".", None, "there", None]
