"""Ray's own word on its nodes: one gRPC call to the GCS, made without importing Ray."""

from collections.abc import Mapping

import msgspec

from shoal.engine import protobuf
from shoal.engine.launch import RayNotInstalled
from shoal.errors import ActionFailed

METHOD = "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo"
ALIVE = 0  # GcsNodeInfo.GcsNodeState


class GcsUnreachable(ActionFailed):
    """Nothing that speaks Ray's protocol answered at the address of the cluster's GCS in time.

    The GCS runs in the head node. Either the head is down, or it is still starting, or something else took its port.
    `shoal status NAME` says which; `shoal up FILE` brings a dead head back.
    """

    code = "E304"


class GcsUnauthorized(ActionFailed):
    """The GCS asks for a token and did not accept ours.

    A cluster's token is made with the cluster, so a token of an earlier one of that name is not valid any more, and
    another cluster may have taken the port. `shoal status NAME` shows whose it is.
    """

    code = "E305"


class RayNode(msgspec.Struct, frozen=True):
    """A node as the GCS knows it.

    node_id: Ray's id, in hex.
    resources: in total, as Ray counts them (CPU: cores, memory and object_store_memory: bytes).
    instance_id: what the node was started with as RAY_CLOUD_INSTANCE_ID; this joins it to the launch that made it.
    node_type: what it was started with as RAY_NODE_TYPE_NAME.
    started: when, in seconds since 1970; 0 if that isn't said.
    """

    node_id: str
    alive: bool
    is_head: bool
    instance_id: str
    node_type: str
    ip: str
    resources: dict[str, float]
    labels: dict[str, str]
    started: float = 0.0


def alive_nodes(address: str, token: str, timeout_s: float) -> tuple[RayNode, ...]:
    """Nodes that the GCS at ``address`` (``host:port``) calls ALIVE.

    Raises GcsUnreachable, GcsUnauthorized, and RayNotInstalled where grpc, which comes with Ray, is missing.
    """
    return tuple(node for node in known_nodes(address, token, timeout_s) if node.alive)


def known_nodes(address: str, token: str, timeout_s: float) -> tuple[RayNode, ...]:
    """Every node that the GCS remembers, dead ones included. Raises as ``alive_nodes`` does."""
    return nodes_in(_call(address, token, timeout_s), address)


def nodes_in(reply: bytes, address: str) -> tuple[RayNode, ...]:
    """The nodes in an answer to ``METHOD``. Raises GcsUnreachable when it isn't one."""
    try:
        return tuple(_node(data) for data in protobuf.messages(protobuf.decode(reply), 2))
    except ValueError as error:
        raise GcsUnreachable(
            f"what answered is not Ray's GCS: {error}", where=address, next_step="see what listens on that port"
        ) from error


def _call(address: str, token: str, timeout_s: float) -> bytes:
    try:
        import grpc
    except ImportError as error:
        raise RayNotInstalled("grpc, which Ray brings, is missing", next_step="pip install 'shoal[local]'") from error
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    # The GCS is on loopback or behind a forwarded port: a proxy from the environment can only be in the way.
    with grpc.insecure_channel(address, options=(("grpc.enable_http_proxy", 0),)) as channel:
        try:
            return bytes(channel.unary_unary(METHOD)(b"", metadata=metadata, timeout=timeout_s))
        except grpc.RpcError as error:
            raise refusal(error.code().name, error.details() or "", address) from error


def refusal(status: str, details: str, address: str) -> ActionFailed:
    """The error that a gRPC ``status``, by its name, stands for."""
    if status in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        return GcsUnauthorized("Ray's GCS did not accept the token", where=address)
    return GcsUnreachable(f"Ray's GCS did not answer: {details or status}", where=address)


def _node(data: bytes) -> RayNode:
    fields = protobuf.decode(data)
    return RayNode(
        node_id=protobuf.raw(fields, 1).hex(),
        alive=protobuf.integer(fields, 7) == ALIVE,
        is_head=bool(protobuf.integer(fields, 25)),
        instance_id=protobuf.text(fields, 13),
        node_type=protobuf.text(fields, 14),
        ip=protobuf.text(fields, 2),
        resources={key: protobuf.double(entry, 2) for key, entry in _map(fields, 11).items()},
        labels={key: protobuf.text(entry, 2) for key, entry in _map(fields, 26).items()},
        started=protobuf.integer(fields, 23) / 1000,
    )


def _map(fields: protobuf.Fields, number: int) -> Mapping[str, protobuf.Fields]:
    entries = [protobuf.decode(data) for data in protobuf.messages(fields, number)]
    return {protobuf.text(entry, 1): entry for entry in entries}
