"""Shoal as a library: ``with shoal.up("file.yaml") as cluster: cluster.submit("python script.py")``."""

import asyncio
import html
import subprocess
import threading
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from shoal.backends.base import Endpoints
from shoal.backends.local.backend import LocalBackend, known_clusters
from shoal.engine.jobs import Job, Jobs
from shoal.errors import ClusterUnknown
from shoal.runtime.backend_for import backend_for
from shoal.runtime.clock import SystemClock
from shoal.runtime.converge import Silent, converge
from shoal.runtime.spec_file import cluster_in
from shoal.status.conditions import ClusterStatus, status_of

T = TypeVar("T")


class JobResult(msgspec.Struct, frozen=True):
    """A job that has ended. exit_code: of its entrypoint, as ``shoal submit`` would exit; log: all that it printed."""

    job: Job
    exit_code: int
    log: str


class AsyncCluster:
    """A running cluster, for asyncio. ``async with`` takes it down at the end."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._backend = LocalBackend()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.down()

    @property
    def endpoints(self) -> Endpoints:
        """Where it is reached. Raises ClusterUnknown."""
        return self._backend.endpoints(self.name)

    @property
    def jobs(self) -> Jobs:
        """Its jobs, all operations; each of them blocks."""
        endpoints = self.endpoints
        return Jobs(endpoints.dashboard, Path(endpoints.token_path).read_text().strip())

    async def status(self) -> ClusterStatus:
        """What is ready, and why the rest is not."""
        world = await self._backend.observe(self.name)
        return status_of(world.wanted, world)

    async def submit(
        self, entrypoint: str, *, working_dir: str = "", runtime_env: Mapping[str, Any] | None = None
    ) -> JobResult:
        """Run ``entrypoint`` as a Ray job until it has ended. Raises what ``shoal.engine.jobs.Jobs`` raises."""

        def run() -> JobResult:
            jobs = self.jobs
            job_id = jobs.submit(entrypoint, working_dir=working_dir or None, runtime_env=runtime_env)
            log = "".join(jobs.follow(job_id))
            job = jobs.get(job_id)
            return JobResult(job, 1 if job.exit_code is None else job.exit_code, log)

        return await asyncio.to_thread(run)

    async def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run ``command`` in the head's environment and return its exit code and output, stderr within stdout."""
        environment = self._backend.head_environment(self.name)

        def run() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                list(command), env=environment, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )

        return await asyncio.to_thread(run)

    async def down(self, *, timeout_s: float = 60) -> None:
        """Stop it and remove everything of it but its logs. Raises DeadlineExceeded after ``timeout_s``."""
        await converge(self._backend, self.name, None, SystemClock(), Silent(), timeout_s)


class Cluster:
    """A running cluster. ``with`` takes it down at the end. A notebook shows what runs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._async = AsyncCluster(name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def _repr_html_(self) -> str:
        status = self.status()
        rows = "".join(
            f"<tr><td>{html.escape(node.name)}</td><td>{html.escape(node.phase)}</td>"
            f"<td>{node.resources.get('CPU', 0):g}</td><td>{html.escape(node.message)}</td></tr>"
            for node in status.nodes
        )
        return (
            f"<b>{html.escape(status.name)}</b>: {status.state} ({html.escape(status.message)})"
            f"<table><tr><th>node</th><th>phase</th><th>CPU</th><th></th></tr>{rows}</table>"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def endpoints(self) -> Endpoints:
        """Where it is reached. Raises ClusterUnknown."""
        return self._async.endpoints

    @property
    def jobs(self) -> Jobs:
        """Its jobs, all operations."""
        return self._async.jobs

    def status(self) -> ClusterStatus:
        """What is ready, and why the rest is not."""
        return _finish(self._async.status())

    def submit(
        self, entrypoint: str, *, working_dir: str = "", runtime_env: Mapping[str, Any] | None = None
    ) -> JobResult:
        """Run ``entrypoint`` as a Ray job until it has ended."""
        return _finish(self._async.submit(entrypoint, working_dir=working_dir, runtime_env=runtime_env))

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run ``command`` in the head's environment and return its exit code and output, stderr within stdout."""
        return _finish(self._async.run(command))

    def down(self, *, timeout_s: float = 60) -> None:
        """Stop it and remove everything of it but its logs. Raises DeadlineExceeded after ``timeout_s``."""
        _finish(self._async.down(timeout_s=timeout_s))


async def async_up(file: str, *, cluster: str = "", timeout_s: float = 120) -> AsyncCluster:
    """Make the cluster of ``file`` and wait until Ray sees every node; see ``up``."""
    spec = cluster_in(file, cluster)
    backend = backend_for(spec, {})
    await converge(backend, spec.desired.name, spec.desired, SystemClock(), Silent(), timeout_s)
    return AsyncCluster(spec.desired.name)


def up(file: str, *, cluster: str = "", timeout_s: float = 120) -> Cluster:
    """Make the cluster of ``file`` and wait until Ray sees every node.

    cluster: which one, where the file holds several. A cluster that is up already is changed as far as it differs.
    Raises FileUnreadable, SpecInvalid, ProviderNotSupported, ActionFailed and DeadlineExceeded after ``timeout_s``.
    """
    return Cluster(_finish(async_up(file, cluster=cluster, timeout_s=timeout_s)).name)


def attach(name: str) -> Cluster:
    """A cluster that is up. Raises ClusterUnknown."""
    if name not in known_clusters():
        raise ClusterUnknown(name, known_clusters())
    return Cluster(name)


def _finish(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end, also where an event loop runs already, as in a notebook."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def target() -> None:
        try:
            outcome.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that asked
            failure.append(error)

    thread = threading.Thread(target=target, name="shoal", daemon=True)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]
