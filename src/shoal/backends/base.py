"""What every backend can do. tests/conformance runs the same suite against each of them."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import msgspec

from shoal.backends.logs import LogFile
from shoal.desired.cluster import DesiredCluster
from shoal.plan.actions import Forecast, Plan, Stage
from shoal.plan.diff import diff
from shoal.status.conditions import ClusterStatus, status_of
from shoal.world.snapshot import World

if TYPE_CHECKING:
    import subprocess


class Endpoints(msgspec.Struct, frozen=True):
    """Where this process reaches a cluster.

    gcs: ``HOST:PORT`` for drivers; dashboard: ``http://HOST:PORT`` for jobs and the API; client: ``ray://HOST:PORT``.
    token_path: file that holds the bearer token, mode 0600; "" where the cluster asks for none.
    environment: what a driver of this cluster needs in its environment; names the token's file, never the token.
    """

    gcs: str
    dashboard: str
    client: str
    token_path: str
    environment: dict[str, str]


class Port(msgspec.Struct, frozen=True):
    """A port of the head. name: ``gcs``, ``dashboard``, ``client`` or ""; address: where it is reached from here."""

    number: int
    name: str
    address: str


class Preview(msgspec.Struct, frozen=True):
    """What would be done. forecast: asks what follows once that is done; None where nobody else acts on the cluster."""

    plan: Plan
    forecast: Callable[[], Coroutine[Any, Any, Forecast]] | None = None


class Backend(Protocol):
    """A place where clusters run.

    kind: ``local`` or ``kubernetes``. where: which of several such places, for people; "" if there is one only.
    listing: the command that shows the names of its clusters.
    look_again_s: how long to wait between two looks at a cluster that is being changed. patience_s: how long a cluster
    may usually take to be ready. keeps_logs: whether logs are kept when a cluster goes.
    addresses_last: whether the endpoints hold beyond ``reach``.
    """

    kind: str
    where: str
    listing: str
    look_again_s: float
    patience_s: float
    keeps_logs: bool
    addresses_last: bool

    async def clusters(self) -> tuple[str, ...]:
        """Names of all clusters of which anything is left, sorted."""
        ...

    async def plan(self, cluster: str, desired: DesiredCluster | None) -> Plan:
        """What would be done now to take ``cluster`` to ``desired`` (None: to be gone). Changes nothing."""
        ...

    async def preview(self, cluster: str, desired: DesiredCluster | None) -> Preview:
        """The plan, to be shown with what follows of it: both stand on the same look at the cluster."""
        ...

    async def progress(self, cluster: str, desired: DesiredCluster | None) -> ClusterStatus:
        """How far ``cluster`` is on its way to ``desired`` (None: to be gone).

        Raises ActionFailed where it will not get there by itself.
        """
        ...

    async def status(self, cluster: str) -> ClusterStatus:
        """How ``cluster`` is, against the spec that was applied last. A name that nobody knows is Absent, no error."""
        ...

    def check(self, plan: Plan) -> None:
        """Look for what stands in the way of ``plan`` before anything is done. Raises typed errors."""
        ...

    async def apply(self, cluster: str, stage: Stage) -> None:
        """Do the actions of one stage side by side. Each is idempotent, and journalled before it is done.

        Raises ActionFailed when one did not work; the others of the stage are still finished.
        """
        ...

    def changing(self, cluster: str) -> AbstractContextManager[None]:
        """Held around plan and apply of one change, so that no other process changes ``cluster`` meanwhile.

        Raises ClusterBusy.
        """
        ...

    def reach(self, cluster: str) -> AbstractContextManager[Endpoints]:
        """Where to reach a cluster that is prepared; the addresses hold for as long as this does.

        Raises ClusterUnknown.
        """
        ...

    def execute(self, cluster: str, command: Sequence[str], *, stdin: bool, tty: bool) -> int:
        """Run ``command`` in the head's environment with this process's streams; its exit code. May not return.

        stdin: pass standard input on, where that is a choice. tty: give it a terminal.
        """
        ...

    def ports(self, cluster: str, numbers: Sequence[int]) -> AbstractContextManager[tuple[Port, ...]]:
        """Where these ports of the head are reached from here, for as long as this holds. Raises ClusterUnknown."""
        ...

    async def run(self, cluster: str, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Run ``command`` in the head's environment; its exit code and output, stderr within stdout.

        Cancelled, it ends the command. Raises ClusterUnknown, ActionFailed without a head, CommandNotRun.
        """
        ...

    def log_files(self, cluster: str, node: str = "", *, dead: bool = False) -> tuple[LogFile, ...]:
        """Log files of one node, sorted by name; the head's when ``node`` is "".

        dead: of nodes that are gone, in the newest life of the cluster from which any logs were kept.
        Raises ClusterUnknown, NodeUnknown, NothingKept.
        """
        ...

    def open_log(self, file: LogFile) -> BinaryIO:
        """One of ``log_files``, open at its start and seekable. Once read to its end, it gives what is added later.

        Raises LogReplaced when another file has its name by now.
        """
        ...

    def copy_up(self, cluster: str, source: str, target: str) -> str:
        """Copy ``source`` from here to ``target`` on the head, as rsync does; where it went.

        A relative path on the head starts in its working directory. Raises ClusterUnknown, and typed errors of copying.
        """
        ...

    def copy_down(self, cluster: str, source: str, target: str) -> str:
        """Copy ``source`` from the head to ``target`` here; otherwise as ``copy_up``."""
        ...


class NodeBackend(Backend, Protocol):
    """A backend that makes and ends every node by itself, and whose clusters are reached without a detour."""

    kind: str = "local"
    where: str = ""
    listing: str = "shoal list"
    look_again_s: float = 0.2
    patience_s: float = 120.0
    keeps_logs: bool = True
    addresses_last: bool = True

    async def observe(self, cluster: str) -> World:
        """What exists of ``cluster`` now. A name that nobody knows gives an absent World, not an error."""
        ...

    def endpoints(self, cluster: str) -> Endpoints:
        """Where to reach a cluster that is prepared. Raises ClusterUnknown."""
        ...

    async def plan(self, cluster: str, desired: DesiredCluster | None) -> Plan:
        """What takes the cluster as it is observed to ``desired``."""
        return diff(desired, await self.observe(cluster))

    async def preview(self, cluster: str, desired: DesiredCluster | None) -> Preview:
        """All that is to be done is in the plan."""
        return Preview(await self.plan(cluster, desired))

    async def progress(self, cluster: str, desired: DesiredCluster | None) -> ClusterStatus:
        """The cluster as it is observed, against ``desired``."""
        return status_of(desired, await self.observe(cluster))

    async def status(self, cluster: str) -> ClusterStatus:
        """The cluster as it is observed, against the spec that was applied last."""
        world = await self.observe(cluster)
        return status_of(world.wanted, world)

    @contextmanager
    def reach(self, cluster: str) -> Iterator[Endpoints]:
        """Its endpoints, which are there with it or without it."""
        yield self.endpoints(cluster)
