"""What every backend can do. tests/conformance runs the same suite against each of them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from shoal.plan.actions import Stage
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
