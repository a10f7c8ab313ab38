"""Which operators act on RayClusters, and how each was told to: their Leases say so."""

import pkgutil

import msgspec
from msgspec.structs import replace

from shoal.backends.kubernetes.cache import EVERYWHERE
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.resources import LEASES
from shoal.desired.kubernetes.settings import Settings
from shoal.install.leases import KUBERAYS, OURS, is_held
from shoal.spec.wire import Wire
from shoal.world.kubernetes import Meta

TOLD = "shoal.dev/operator"
"""Annotation of a Lease: how its holder runs clusters, as JSON."""
LASTS_S = 15
"""Of ours: how long nobody else may take it after it was renewed."""


class Announced(msgspec.Struct, frozen=True):
    """How an operator of Shoal's runs clusters. namespaces: those that it watches."""

    version: str
    namespaces: tuple[str, ...]
    settings: Settings

    def acts_in(self, namespace: str) -> bool:
        """Whether clusters of ``namespace`` are its own."""
        return self.namespaces == EVERYWHERE or namespace in self.namespaces


class AtWork(msgspec.Struct, frozen=True):
    """An operator that holds a Lease of this name. told: None where it doesn't say."""

    lease: str
    told: Announced | None = None


class LeaseSpec(Wire, frozen=True):
    holder_identity: str = ""
    lease_duration_seconds: int = LASTS_S
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int = 0


class Lease(Wire, frozen=True):
    """The fields of a coordination.k8s.io/v1 Lease that decide who holds it."""

    metadata: Meta
    spec: LeaseSpec = LeaseSpec()


async def at_work(client: Client, now: float) -> tuple[AtWork, ...]:
    """Those that hold their Lease, in whatever namespace that is. now: seconds since 1970. Raises Forbidden."""
    found: list[AtWork] = []
    for name in (OURS, KUBERAYS):
        leases = await client.list(LEASES, Lease, fields=f"metadata.name={name}")
        held = (one for one in leases.items if is_held(one.spec.holder_identity, one.spec.renew_time, now))
        found += (_of(lease) for lease in held)
    return tuple(found)


def notes(told: Announced) -> dict[str, str]:
    """Annotations by which an operator's Lease says how it runs clusters."""
    short = replace(told, settings=replace(told.settings, keeper=""))
    return {TOLD: msgspec.json.encode(short, order="deterministic").decode()}


def keeper() -> str:
    """The program that keeps logs, as text: imported, it would take a megabyte."""
    source = pkgutil.get_data("shoal.backends.kubernetes", "keeper.py")
    if source is None:
        raise FileNotFoundError("keeper.py is not beside the operator's own modules")
    return source.decode()


def _of(lease: Lease) -> AtWork:
    name = lease.metadata.name
    try:
        told = msgspec.json.decode(lease.metadata.annotations.get(TOLD, ""), type=Announced)
    except msgspec.DecodeError:
        return AtWork(name)
    return AtWork(name, replace(told, settings=replace(told.settings, keeper=keeper())))
