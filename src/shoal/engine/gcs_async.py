"""Calls to Ray's GCS from an event loop: who is alive, and the word that a node is to go.

Over grpclib, which is Python alone: grpcio would cost the operator 12 MB of memory, and threads beside the loop.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from enum import IntEnum

import msgspec

from shoal.engine import protobuf
from shoal.engine.gcs import METHOD as ALL_NODES
from shoal.engine.gcs import GcsUnauthorized, GcsUnreachable, RayNode, nodes_in, refusal
from shoal.errors import ActionFailed

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


class GcsAt(msgspec.Struct, frozen=True):
    """Where a GCS is, and what lets in there. address: ``HOST:PORT``. token: "" for none. tls: None for none."""

    address: str
    token: str = ""
    timeout_s: float = 5.0
    tls: ssl.SSLContext | None = None


class GcsCalls:
    """Calls to the GCS of any cluster, each over a connection of its own.

    Each raises GcsUnreachable and GcsUnauthorized. now: seconds since the epoch.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now

    async def listens(self, at: GcsAt) -> None:
        """Find out cheaply whether anything listens there at all. Raises GcsUnreachable."""
        host, port = _host_and_port(at)
        try:
            async with asyncio.timeout(at.timeout_s):
                _, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError) as error:
            raise GcsUnreachable("nothing listens", where=at.address) from error
        writer.close()

    async def known_nodes(self, at: GcsAt) -> tuple[RayNode, ...]:
        """Every node that the GCS remembers, dead ones included."""
        return nodes_in(await _call(at, ALL_NODES, b""), at.address)

    async def alive_nodes(self, at: GcsAt) -> tuple[RayNode, ...]:
        """The nodes that the GCS calls ALIVE."""
        return tuple(node for node in await self.known_nodes(at) if node.alive)

    async def drivers(self, at: GcsAt) -> Drivers:
        """The drivers that people have attached."""
        request = protobuf.encode({3: 1, 4: 1})  # nothing that the GCS would have to ask others for
        try:
            reply = protobuf.decode(await _call(at, JOBS, request))
            jobs = [protobuf.decode(job) for job in protobuf.messages(reply, 2)]
            own = [job for job in jobs if not _namespace(job).startswith(INTERNAL)]
        except ValueError as error:
            raise GcsUnreachable(f"what answered is not Ray's GCS: {error}", where=at.address) from error
        dead = [job for job in own if protobuf.integer(job, 2)]
        last_end = max((protobuf.integer(job, 8) / 1000 for job in dead), default=0.0)
        return Drivers(len(own) - len(dead), last_end)

    async def drain_node(self, at: GcsAt, ray_id: str, deadline_s: int, reason: DrainReason) -> None:
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
        reply = await _call(at, DRAIN, request)
        try:
            fields = protobuf.decode(reply)
        except ValueError as error:
            raise GcsUnreachable(f"what answered is not Ray's GCS: {error}", where=at.address) from error
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


async def _call(at: GcsAt, method: str, request: bytes) -> bytes:
    from grpclib.client import Channel, UnaryUnaryMethod
    from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError

    if not (at.token.isascii() and at.token.isprintable()):  # what refuses it later on would show it
        raise GcsUnauthorized("the token has characters that can't be sent", where=at.address)
    metadata = {"authorization": f"Bearer {at.token}"} if at.token else None
    try:
        async with (
            asyncio.timeout(at.timeout_s),
            Channel(*_host_and_port(at), codec=_Bytes(), ssl=at.tls) as channel,
        ):
            return bytes(await UnaryUnaryMethod(channel, method, bytes, bytes)(request, metadata=metadata))
    except GRPCError as error:
        raise refusal(error.status.name, error.message or "", at.address) from error
    except TimeoutError as error:
        raise GcsUnreachable(f"Ray's GCS did not answer within {at.timeout_s:g} s", where=at.address) from error
    except (OSError, ProtocolError, StreamTerminatedError) as error:
        raise GcsUnreachable(f"Ray's GCS did not answer: {error}", where=at.address) from error


def _host_and_port(at: GcsAt) -> tuple[str, int]:
    host, _, port = at.address.rpartition(":")
    return host.strip("[]"), int(port)
