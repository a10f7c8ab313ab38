"""Calls to Ray's GCS from an event loop: who is alive, and the word that a node is to go.

Over grpclib, which is Python alone: grpcio would cost the operator 12 MB of memory, and threads beside the loop.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from enum import IntEnum
from typing import TypeAlias

import msgspec

from shoal.engine import protobuf
from shoal.engine.gcs import METHOD as ALL_NODES
from shoal.engine.gcs import GcsUnreachable, RayNode, nodes_in, refusal
from shoal.errors import ActionFailed

Tls: TypeAlias = ssl.SSLContext | None
JOBS = "/ray.rpc.JobInfoGcsService/GetAllJobInfo"
INTERNAL = "_ray_internal_"
"""How the namespaces of Ray's own drivers begin, as the dashboard's."""
DRAIN = "/ray.rpc.autoscaler.AutoscalerStateService/DrainNode"


class DrainReason(IntEnum):
    """Why a node is to go, which decides what Ray does. The numbers are Ray's.

    IDLE: it goes at once, and Ray refuses if it has work again. PREEMPTION: it gets no more work, and goes when what it
    has is done; Ray doesn't end it at the deadline.
    """

    IDLE = 1
    PREEMPTION = 2


class DrainRefused(ActionFailed):
    """Ray did not let a node go; the message is Ray's own.

    A node that was idle when it was chosen has got work meanwhile. It stays; nothing was interrupted.
    """

    code = "E308"


class Drivers(msgspec.Struct, frozen=True):
    """attached: how many are. last_end: when the last of the others went, seconds since 1970; 0 if there was none."""

    attached: int
    last_end: float


class GcsCalls:
    """Calls to the GCS of any cluster, each over a connection of its own.

    Each takes ``address`` (``HOST:PORT``), ``token`` ("" for none), ``timeout_s`` and ``tls`` (None for none), and
    raises GcsUnreachable and GcsUnauthorized. now: seconds since the epoch.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now

    async def known_nodes(self, address: str, token: str, timeout_s: float, tls: Tls = None) -> tuple[RayNode, ...]:
        """Every node that the GCS remembers, dead ones included."""
        return nodes_in(await _call(ALL_NODES, b"", address, token, timeout_s, tls), address)

    async def alive_nodes(self, address: str, token: str, timeout_s: float, tls: Tls = None) -> tuple[RayNode, ...]:
        """The nodes that the GCS calls ALIVE."""
        return tuple(node for node in await self.known_nodes(address, token, timeout_s, tls) if node.alive)

    async def drivers(self, address: str, token: str, timeout_s: float, tls: Tls = None) -> Drivers:
        """The drivers that people have attached."""
        request = protobuf.encode({3: 1, 4: 1})  # nothing that the GCS would have to ask others for
        try:
            reply = protobuf.decode(await _call(JOBS, request, address, token, timeout_s, tls))
            jobs = [protobuf.decode(job) for job in protobuf.messages(reply, 2)]
            own = [job for job in jobs if not _namespace(job).startswith(INTERNAL)]
        except ValueError as error:
            raise GcsUnreachable(f"what answered is not Ray's GCS: {error}", where=address) from error
        dead = [job for job in own if protobuf.integer(job, 2)]
        last_end = max((protobuf.integer(job, 8) / 1000 for job in dead), default=0.0)
        return Drivers(len(own) - len(dead), last_end)

    async def drain_node(
        self,
        address: str,
        token: str,
        ray_id: str,
        deadline_s: int,
        timeout_s: float,
        tls: Tls = None,
        *,
        reason: DrainReason = DrainReason.PREEMPTION,
    ) -> None:
        """Tell the GCS that a node is to go.

        ray_id: in hex. deadline_s: until the node ends whatever it does, from now; 0 for never. Raises DrainRefused.
        """
        request = protobuf.encode(
            {
                1: bytes.fromhex(ray_id),
                2: reason.value,
                3: "scaled down by shoal",
                4: int((self._now() + deadline_s) * 1000) if deadline_s else 0,
            }
        )
        reply = await _call(DRAIN, request, address, token, timeout_s, tls)
        try:
            fields = protobuf.decode(reply)
        except ValueError as error:
            raise GcsUnreachable(f"what answered is not Ray's GCS: {error}", where=address) from error
        if not protobuf.integer(fields, 1):
            raise DrainRefused(protobuf.text(fields, 2) or "Ray gave no reason", where=f"Ray's node {ray_id[:12]}")


def _namespace(job: protobuf.Fields) -> str:
    return protobuf.text(protobuf.decode(protobuf.raw(job, 6)), 5)


class _Bytes:
    """Messages are bytes already."""

    __content_subtype__ = "proto"

    def encode(self, message: bytes, message_type: type[bytes]) -> bytes:
        return message

    def decode(self, data: bytes, message_type: type[bytes]) -> bytes:
        return data


async def _call(method: str, request: bytes, address: str, token: str, timeout_s: float, tls: Tls) -> bytes:
    from grpclib.client import Channel, UnaryUnaryMethod
    from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError

    host, _, port = address.rpartition(":")
    metadata = {"authorization": f"Bearer {token}"} if token else None
    try:
        async with (
            asyncio.timeout(timeout_s),
            Channel(host.strip("[]"), int(port), codec=_Bytes(), ssl=tls) as channel,
        ):
            return bytes(await UnaryUnaryMethod(channel, method, bytes, bytes)(request, metadata=metadata))
    except GRPCError as error:
        raise refusal(error.status.name, error.message or "", address) from error
    except TimeoutError as error:
        raise GcsUnreachable(f"Ray's GCS did not answer within {timeout_s:g} s", where=address) from error
    except (OSError, ProtocolError, StreamTerminatedError) as error:
        raise GcsUnreachable(f"Ray's GCS did not answer: {error}", where=address) from error
