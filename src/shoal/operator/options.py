"""What the operator is told on its command line."""

import os
import socket

import msgspec

from shoal.backends.kubernetes.cache import EVERYWHERE
from shoal.desired.kubernetes.settings import Settings


class Options(msgspec.Struct, frozen=True):
    """How one operator process runs.

    namespaces: those that it watches; EVERYWHERE for all. kubeconfig, context: "" for what kubectl would take, or the
    pod's own service account. concurrency: how many clusters are worked on at once. requests: how many requests to the
    API server may be under way at once, beside those for the Lease. election: whether it shares its work with others
    by a Lease. metrics_port, probes_port: 0 for any that is free. identity: of this process among those that wait for
    the Lease.
    """

    settings: Settings = Settings()
    namespaces: tuple[str, ...] = EVERYWHERE
    kubeconfig: str = ""
    context: str = ""
    concurrency: int = 16
    requests: int = 12
    election: bool = True
    host: str = ""
    metrics_port: int = 8080
    probes_port: int = 8082
    identity: str = ""
    log_level: str = "INFO"

    def named(self) -> str:
        """The identity, or one made of this machine's name and the process's id."""
        return self.identity or f"{socket.gethostname()}_{os.getpid()}"
