"""What every backend can do. tests/conformance runs the same suite against each of them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

import msgspec

from shoal.backends.logs import LogFile
from shoal.plan.actions import Plan, Stage
from shoal.world.snapshot import World


class Endpoints(msgspec.Struct, frozen=True):
    """Where this process reaches a cluster.

    gcs: ``HOST:PORT`` for drivers; dashboard: ``http://HOST:PORT`` for jobs and the API; client: ``ray://HOST:PORT``.
    token_path: file that holds the bearer token, mode 0600.
    environment: what a driver of this cluster needs in its environment; names the token's file, never the token.
    """

    gcs: str
    dashboard: str
    client: str
    token_path: str
    environment: dict[str, str]


class Backend(Protocol):
    """A place where clusters run."""

    async def clusters(self) -> tuple[str, ...]:
        """Names of all clusters of which anything is left, sorted."""
        ...

    async def observe(self, cluster: str) -> World:
        """What exists of ``cluster`` now. A name that nobody knows gives an absent World, not an error."""
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
        """Held around observe, plan and apply of one change, so that no other process changes ``cluster`` meanwhile.

        Raises ClusterBusy.
        """
        ...

    def endpoints(self, cluster: str) -> Endpoints:
        """Where to reach a cluster that is prepared. Raises ClusterUnknown."""
        ...

    def execute(self, cluster: str, command: Sequence[str], *, tty: bool) -> int:
        """Run ``command`` in the head's environment with this process's streams; its exit code. May not return."""
        ...

    def head_environment(self, cluster: str) -> dict[str, str]:
        """The whole environment of a program on the head. Raises ClusterUnknown, ActionFailed if it has no head."""
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
