"""The local backend: one process tree a node, on the loopback address, without a daemon."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from shoal.backends.base import Endpoints, NodeBackend, Port
from shoal.backends.local import apply, copying, journal, paths, ports, preflight, processes, reading
from shoal.backends.local.journal import NodeRecord, Record
from shoal.backends.local.lock import exclusive
from shoal.backends.local.observe import identity, observe, taken_ports
from shoal.backends.local.paths import journal_path, output_path, token_path
from shoal.backends.logs import LogFile
from shoal.desired.cluster import Role
from shoal.engine.ray_start import LOOPBACK, driver_environment
from shoal.errors import ActionFailed, CommandNotRun, HeadNotRunning
from shoal.plan.actions import Plan, RemoveCluster, Stage, StartNode
from shoal.world.snapshot import World

if TYPE_CHECKING:
    import subprocess

T = TypeVar("T")


class PortsLost(ActionFailed):
    """Another program listens on a port that was given to this cluster.

    It took the port while the head was not running, or in the moments between the choice of the port and its use. What
    is sent there, the cluster's token with it, would reach that program, so nothing is. `shoal up` with the cluster's
    file restarts it on other ports; `shoal status NAME` shows which were taken.
    """

    code = "E209"


class LocalBackend(NodeBackend):
    """Clusters as processes of this user on this machine.

    demanded_ports: ``gcs``, ``dashboard`` or ``client`` to a port that a new cluster must have.
    """

    def __init__(self, demanded_ports: dict[str, int] | None = None) -> None:
        self._demanded_ports = demanded_ports or {}

    async def clusters(self) -> tuple[str, ...]:
        """Names of all clusters of this user of which anything is left."""
        return paths.known_clusters()

    async def observe(self, cluster: str) -> World:
        """What exists of ``cluster`` now."""
        return await _to_the_end(observe, cluster)

    def check(self, plan: Plan) -> None:
        """Raises RayNotInstalled, RayVersionUnsupported, DiskFull, SharedMemoryTooSmall or PortTaken."""
        removes = any(isinstance(action, RemoveCluster) for action in plan.actions)
        record = None if removes else journal.read(journal_path(plan.cluster))
        for name, port in self._demanded_ports.items():
            if record is not None and record.ports[name] != port:
                step = f"leave out --port, or run `shoal down {plan.cluster}` first"
                raise ports.PortTaken(f"its {name} has port {record.ports[name]} already", next_step=step)
        preflight.check_host(tuple(action.node for action in plan.actions if isinstance(action, StartNode)))

    async def apply(self, cluster: str, stage: Stage) -> None:
        """Do one stage. Raises ActionFailed, PortTaken."""
        await _to_the_end(apply.apply, cluster, stage, self._demanded_ports)

    @contextmanager
    def changing(self, cluster: str) -> Iterator[None]:
        """Keep every other shoal from changing ``cluster``. Raises ClusterBusy, ClusterUnknown."""
        with exclusive(cluster):
            yield

    def endpoints(self, cluster: str) -> Endpoints:
        """Where to reach ``cluster``. Raises ClusterUnknown, and PortsLost rather than send its token to a stranger."""
        record = journal.of(cluster)
        taken = taken_ports(cluster)
        if taken:
            told = ", ".join(f"{port} ({name})" for name, port in taken.items())
            step = "run `shoal up` with its file again: it restarts on other ports"
            raise PortsLost(f"another program listens on its port {told}", where=cluster, next_step=step)
        token = str(token_path(cluster))
        return Endpoints(
            gcs=f"{LOOPBACK}:{record.ports['gcs']}",
            dashboard=f"http://{LOOPBACK}:{record.ports['dashboard']}",
            client=f"ray://{LOOPBACK}:{record.ports['client']}",
            token_path=token,
            environment=driver_environment(apply.place(record, "", {}), token),
        )

    @contextmanager
    def ports(self, cluster: str, numbers: Sequence[int]) -> Iterator[tuple[Port, ...]]:
        """Where a cluster really has ports that its spec names; any other port of the head is on loopback too."""
        endpoints, wanted = self.endpoints(cluster), journal.of(cluster).wanted
        names = {number: name for name, number in wanted.head.ports.items()} if wanted.head else {}
        addresses = {"gcs": endpoints.gcs, "dashboard": endpoints.dashboard, "client": endpoints.client}
        named = ((number, names[number] if names.get(number) in addresses else "") for number in numbers)
        yield tuple(Port(number, name, addresses.get(name, f"{LOOPBACK}:{number}")) for number, name in named)

    def execute(self, cluster: str, command: Sequence[str], *, stdin: bool, tty: bool) -> int:
        """Become ``command`` in the environment of the head. Returns only by raising.

        Raises ClusterUnknown, HeadNotRunning, CommandNotRun.
        """
        environment = self.head_environment(cluster)
        try:
            os.execvpe(command[0], list(command), environment)  # noqa: S606 - argv as the person gave it, no shell
        except OSError as error:
            raise CommandNotRun(command[0], error) from None

    def head_environment(self, cluster: str) -> dict[str, str]:
        """The whole environment of a driver on the head. Raises ClusterUnknown, HeadNotRunning."""
        record = journal.of(cluster)
        return apply.environment(cluster, record, _running_head(cluster, record)) | self.endpoints(cluster).environment

    async def run(self, cluster: str, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Run a driver on the head to its end. Raises ClusterUnknown, HeadNotRunning, CommandNotRun."""
        return await run_in(self.head_environment(cluster), command)

    def log_files(self, cluster: str, node: str = "", *, dead: bool = False) -> tuple[LogFile, ...]:
        """Log files of one node. Raises ClusterUnknown, NodeUnknown, NothingKept."""
        if dead:
            return reading.kept_logs(cluster, node)
        return reading.live_logs(cluster, journal.of(cluster), node)

    def open_log(self, file: LogFile) -> BinaryIO:
        """A log file, open at its start. Raises LogReplaced."""
        return reading.open_log(file)

    def copy_up(self, cluster: str, source: str, target: str) -> str:
        """Copy into the head's working directory. Raises ClusterUnknown, ActionFailed, SourceMissing, CopyFailed."""
        return str(copying.copy(source, Path.cwd(), target, _working_directory(cluster)))

    def copy_down(self, cluster: str, source: str, target: str) -> str:
        """Copy from the head's working directory. Raises as ``copy_up`` does."""
        return str(copying.copy(source, _working_directory(cluster), target, Path.cwd()))


async def run_in(environment: dict[str, str], command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run ``command`` in exactly this environment; cancelled, kill it. Raises CommandNotRun."""
    import asyncio
    import subprocess

    try:
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        raise CommandNotRun(command[0], error) from None
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return subprocess.CompletedProcess(list(command), await process.wait(), output.decode(errors="replace"))


async def _to_the_end(work: Callable[..., T], *arguments: Any) -> T:
    """Do ``work`` in a thread; also when cancelled, as by Ctrl-C, wait for its end: the caller then drops the lock."""
    import asyncio

    done = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        await asyncio.wait([done])
        raise


def _head(cluster: str, record: Record) -> NodeRecord:
    head = next((node for node in record.nodes.values() if node.node.role is Role.HEAD), None)
    if head is None:
        raise HeadNotRunning("it has no head", where=cluster, next_step=f"`shoal status {cluster}` says why")
    return head


def _running_head(cluster: str, record: Record) -> NodeRecord:
    head = _head(cluster, record)
    if processes.leader(processes.snapshot(record.uid), *identity(record, head)) is None:
        raise HeadNotRunning("its head does not run", where=cluster, next_step=f"`shoal status {cluster}` says why")
    return head


def _working_directory(cluster: str) -> Path:
    record = journal.of(cluster)
    return output_path(record.uid, _head(cluster, record).launch).parent
