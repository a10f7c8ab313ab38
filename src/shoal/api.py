"""Shoal as a library: ``with shoal.up("file.yaml") as cluster: cluster.submit("python script.py")``."""

import html
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shoal.backends.base import Backend, Endpoints
from shoal.engine.jobs import Jobs
from shoal.errors import ClusterUnknown, ShoalError
from shoal.runtime.address import Address
from shoal.runtime.backend_for import backend_for, backend_of, is_on_kubernetes, known_clusters
from shoal.runtime.blocking import finish
from shoal.runtime.clock import SystemClock
from shoal.runtime.converge import Silent, converge
from shoal.runtime.job_run import JobFailed, JobResult, run_job
from shoal.runtime.jobs import jobs_at
from shoal.runtime.spec_file import cluster_in
from shoal.status.conditions import ClusterStatus

__all__ = ["AsyncCluster", "Cluster", "JobFailed", "JobResult", "async_get", "async_up", "get", "up"]


class AsyncCluster:
    """A running cluster, for asyncio. ``async with`` takes down what ``async_up`` gave, not what ``async_get`` gave."""

    def __init__(self, name: str, backend: Backend, *, ends_with_block: bool) -> None:
        self.name = name
        self._backend = backend
        self._ends_with_block = ends_with_block
        self._reached: Endpoints | None = None
        self._held = ExitStack()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._leave(error)
        finally:
            self._let_go()

    async def _leave(self, error: BaseException | None) -> None:
        if not self._ends_with_block:
            return
        try:
            await self.down()
        except (ShoalError, OSError) as failure:
            if error is None:
                raise
            # What went wrong in the block is what matters; the rest is told beside it.
            error.add_note(f"cluster {self.name!r} could not be taken down after this: {failure}")

    @property
    def endpoints(self) -> Endpoints:
        """Where it is reached; on Kubernetes until the block or the cluster ends. Raises ClusterUnknown."""
        if self._backend.addresses_last:
            with self._backend.reach(self.name) as endpoints:
                return endpoints
        if self._reached is None:
            self._reached = self._held.enter_context(self._backend.reach(self.name))
        return self._reached

    @property
    def jobs(self) -> Jobs:
        """Its jobs, all operations; each of them blocks. Raises ClusterUnknown."""
        return jobs_at(self.endpoints)

    async def status(self) -> ClusterStatus:
        """What is ready, and why the rest is not."""
        return await self._backend.status(self.name)

    async def submit(
        self,
        entrypoint: str,
        *,
        working_dir: Path | str | None = ".",
        runtime_env: Mapping[str, Any] | None = None,
        check: bool = True,
    ) -> JobResult:
        """Run ``entrypoint``, a shell command line, as a Ray job until it has ended. Cancelled, the job goes on.

        working_dir: folder that is uploaded and that the job runs in, an archive of one, a URI, or None for none; ``.``
        gives way to one in ``runtime_env``. check: raise JobFailed if the exit code is not 0. Raises ClusterUnknown,
        and what ``shoal.engine.jobs.Jobs`` raises.
        """
        if working_dir == "." and "working_dir" in (runtime_env or {}):
            working_dir = None
        result = await run_job(self.jobs, entrypoint, working_dir, runtime_env)
        if check and result.exit_code != 0:
            raise JobFailed(self.name, result)
        return result

    async def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run ``command`` in the head's environment; its exit code and output, stderr within stdout.

        Cancelled, it kills the command. Raises ClusterUnknown, ActionFailed without a head, CommandNotRun.
        """
        return await self._backend.run(self.name, command)

    async def down(self, *, timeout_s: float = 60) -> None:
        """Stop it and remove everything of it but its logs. Raises DeadlineExceeded after ``timeout_s``."""
        await converge(self._backend, self.name, None, SystemClock(), Silent(), timeout_s)
        self._let_go()

    def _let_go(self) -> None:
        self._reached = None
        self._held.close()


class Cluster:
    """A running cluster. ``with`` takes down what ``up`` gave, not what ``get`` gave. A notebook shows what runs."""

    def __init__(self, twin: AsyncCluster) -> None:
        self.name = twin.name
        self._async = twin

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
        finish(self._async.__aexit__(kind, error, trace))

    @property
    def endpoints(self) -> Endpoints:
        """Where it is reached. Raises ClusterUnknown."""
        return self._async.endpoints

    @property
    def jobs(self) -> Jobs:
        """Its jobs, all operations. Raises ClusterUnknown."""
        return self._async.jobs

    def status(self) -> ClusterStatus:
        """What is ready, and why the rest is not."""
        return finish(self._async.status())

    def submit(
        self,
        entrypoint: str,
        *,
        working_dir: Path | str | None = ".",
        runtime_env: Mapping[str, Any] | None = None,
        check: bool = True,
    ) -> JobResult:
        """Run ``entrypoint`` as a Ray job until it has ended; see ``AsyncCluster.submit``."""
        return finish(self._async.submit(entrypoint, working_dir=working_dir, runtime_env=runtime_env, check=check))

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run ``command`` in the head's environment; see ``AsyncCluster.run``."""
        return finish(self._async.run(command))

    def down(self, *, timeout_s: float = 60) -> None:
        """Stop it and remove everything of it but its logs. Raises DeadlineExceeded after ``timeout_s``."""
        finish(self._async.down(timeout_s=timeout_s))


async def async_up(
    file: str, *, cluster: str = "", timeout_s: float | None = None, context: str | None = None, namespace: str = ""
) -> AsyncCluster:
    """Make the cluster of ``file`` and wait until Ray sees every node; see ``up``."""
    spec = cluster_in(file, cluster, lambda name: is_on_kubernetes(Address(name, context, namespace)))
    name = spec.desired.name
    backend = backend_for(spec, {}, Address(name, context, namespace))
    patience_s = backend.patience_s if timeout_s is None else timeout_s
    await converge(backend, name, spec.desired, SystemClock(), Silent(), patience_s)
    return AsyncCluster(name, backend, ends_with_block=True)


def up(
    file: str, *, cluster: str = "", timeout_s: float | None = None, context: str | None = None, namespace: str = ""
) -> Cluster:
    """Make the cluster of ``file`` and wait until Ray sees every node. ``with`` takes it down at the end of the block.

    cluster: which one, where the file holds several. A cluster that is up already is changed as far as it differs.
    timeout_s: by default 120, on Kubernetes 600. context, namespace: on Kubernetes; see ``shoal up --help``.
    Raises FileUnreadable, SpecInvalid, ProviderNotSupported, ActionFailed and DeadlineExceeded.
    """
    made = async_up(file, cluster=cluster, timeout_s=timeout_s, context=context, namespace=namespace)
    return Cluster(finish(made))


async def async_get(name: str, *, context: str | None = None, namespace: str = "") -> AsyncCluster:
    """A cluster that is there already; see ``get``."""
    backend = backend_of(Address(name, context, namespace))
    if name not in await backend.clusters():
        raise ClusterUnknown(name, known_clusters(), backend.where, backend.listing)
    return AsyncCluster(name, backend, ends_with_block=False)


def get(name: str, *, context: str | None = None, namespace: str = "") -> Cluster:
    """A cluster that is there already. ``with`` leaves it running. Raises ClusterUnknown."""
    return Cluster(finish(async_get(name, context=context, namespace=namespace)))
