"""The local backend: one process tree a node, on the loopback address, without a daemon."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from shoal.backends.base import Endpoints
from shoal.backends.local import apply, copying, journal, paths, reading
from shoal.backends.local.journal import NodeRecord, Record
from shoal.backends.local.lock import exclusive
from shoal.backends.local.observe import journal_path, observe, output_path, token_path
from shoal.backends.logs import LogFile
from shoal.desired.cluster import Role
from shoal.engine.ray_start import LOOPBACK, driver_environment
from shoal.errors import ActionFailed, ClusterUnknown
from shoal.plan.actions import Stage
from shoal.world.snapshot import World


class LocalBackend:
    """Clusters as processes of this user on this machine.

    demanded_ports: ``gcs``, ``dashboard`` or ``client`` to a port that a new cluster must have.
    """

    def __init__(self, demanded_ports: dict[str, int] | None = None) -> None:
        self._demanded_ports = demanded_ports or {}

    async def clusters(self) -> tuple[str, ...]:
        """Names of all clusters of this user of which anything is left."""
        return known_clusters()

    async def observe(self, cluster: str) -> World:
        """What exists of ``cluster`` now."""
        import asyncio

        return await asyncio.to_thread(observe, cluster)

    async def apply(self, cluster: str, stage: Stage) -> None:
        """Do one stage. Raises ActionFailed, PortTaken."""
        import asyncio

        await asyncio.to_thread(apply.apply, cluster, stage, self._demanded_ports)

    @contextmanager
    def changing(self, cluster: str) -> Iterator[None]:
        """Keep every other shoal from changing ``cluster``. Raises ClusterBusy, ClusterUnknown."""
        with exclusive(cluster):
            yield

    def endpoints(self, cluster: str) -> Endpoints:
        """Where to reach ``cluster``. Raises ClusterUnknown."""
        record = _record(cluster)
        token = str(token_path(cluster))
        return Endpoints(
            gcs=f"{LOOPBACK}:{record.ports['gcs']}",
            dashboard=f"http://{LOOPBACK}:{record.ports['dashboard']}",
            client=f"ray://{LOOPBACK}:{record.ports['client']}",
            token_path=token,
            environment=driver_environment(apply.place(record, "", {}), token),
        )

    def execute(self, cluster: str, command: Sequence[str], *, tty: bool) -> int:
        """Become ``command`` in the environment of the head. Returns only by raising.

        Raises ClusterUnknown, and ActionFailed if the head is not there or the command can't be run.
        """
        environment = self.head_environment(cluster)
        try:
            os.execvpe(command[0], list(command), environment)  # noqa: S606 - argv as the person gave it, no shell
        except OSError as error:
            raise ActionFailed(f"can't run {command[0]!r}: {error.strerror}") from None

    def head_environment(self, cluster: str) -> dict[str, str]:
        """The whole environment of a driver on the head. Raises ClusterUnknown, ActionFailed if it has no head."""
        record = _record(cluster)
        return apply.environment(cluster, record, _head(cluster, record)) | self.endpoints(cluster).environment

    def log_files(self, cluster: str, node: str = "", *, dead: bool = False) -> tuple[LogFile, ...]:
        """Log files of one node. Raises ClusterUnknown, NodeUnknown, NothingKept."""
        if dead:
            return reading.kept_logs(cluster, node)
        return reading.live_logs(cluster, _record(cluster), node)

    def open_log(self, file: LogFile) -> BinaryIO:
        """A log file, open at its start. Raises LogReplaced."""
        return reading.open_log(file)

    def copy_up(self, cluster: str, source: str, target: str) -> str:
        """Copy into the head's working directory. Raises ClusterUnknown, ActionFailed, SourceMissing, CopyFailed."""
        return str(copying.copy(source, Path.cwd(), target, _working_directory(cluster)))

    def copy_down(self, cluster: str, source: str, target: str) -> str:
        """Copy from the head's working directory. Raises as ``copy_up`` does."""
        return str(copying.copy(source, _working_directory(cluster), target, Path.cwd()))


def known_clusters() -> tuple[str, ...]:
    """Names of the clusters of which a folder is left, sorted."""
    found = (path.name for path in paths.clusters_home().glob("*/"))
    return tuple(sorted(name for name in found if not paths.names_no_cluster(name)))


def _record(cluster: str) -> Record:
    record = journal.read(journal_path(cluster))
    if record is None:
        raise ClusterUnknown(cluster, known_clusters())
    return record


def _head(cluster: str, record: Record) -> NodeRecord:
    head = next((node for node in record.nodes.values() if node.node.role is Role.HEAD), None)
    if head is None:
        raise ActionFailed(f"cluster {cluster!r} has no head", next_step=f"`shoal status {cluster}` says why")
    return head


def _working_directory(cluster: str) -> Path:
    record = _record(cluster)
    return output_path(record.uid, _head(cluster, record).launch).parent
