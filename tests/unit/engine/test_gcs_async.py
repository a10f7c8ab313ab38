"""Against a gRPC server of another make, grpcio; and with real Ray in tests/e2e/test_gcs_async.py."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from shoal.engine import protobuf
from shoal.engine.gcs import METHOD as ALL_NODES
from shoal.engine.gcs import GcsUnauthorized, GcsUnreachable
from shoal.engine.gcs_async import DRAIN, JOBS, DrainReason, DrainRefused, Drivers, GcsAt, GcsCalls
from unit.engine.gcs_server import TOKEN, Gcs, served

NODE = protobuf.encode({1: b"\xab\xcd", 2: "127.0.0.1", 13: "pod-1", 25: 1})
DEAD = protobuf.encode({1: b"\xef", 7: 1})


@pytest.fixture
def gcs() -> Iterator[tuple[Gcs, str]]:
    nodes = protobuf.encode({2: NODE}) + protobuf.encode({2: DEAD})
    fake = Gcs({ALL_NODES: nodes, DRAIN: protobuf.encode({1: 1})})
    with served(fake) as address:
        yield fake, address


def drain(address: str, *, token: str = TOKEN, deadline_s: int = 30) -> None:
    """Drain one node, at 1,000 s since the epoch."""
    calls = GcsCalls(now=lambda: 1000.0)
    asyncio.run(calls.drain_node(GcsAt(address, token), "abcd", deadline_s, DrainReason.PREEMPTION))


def test_alive_nodes_leaves_out_the_dead(gcs: tuple[Gcs, str]) -> None:
    (node,) = asyncio.run(GcsCalls().alive_nodes(GcsAt(gcs[1], TOKEN)))
    assert (node.node_id, node.is_head, node.instance_id) == ("abcd", True, "pod-1")
    assert len(asyncio.run(GcsCalls().known_nodes(GcsAt(gcs[1], TOKEN)))) == 2


def test_a_drain_names_the_node_its_reason_and_the_moment_it_ends(gcs: tuple[Gcs, str]) -> None:
    drain(gcs[1])
    asked = protobuf.decode(*gcs[0].asked)
    assert protobuf.raw(asked, 1) == b"\xab\xcd"
    assert protobuf.integer(asked, 2) == DrainReason.PREEMPTION
    assert protobuf.integer(asked, 4) == 1_030_000


def test_a_drain_without_a_deadline_names_none(gcs: tuple[Gcs, str]) -> None:
    drain(gcs[1], deadline_s=0)
    assert protobuf.integer(protobuf.decode(*gcs[0].asked), 4) == 0


def test_a_refused_drain_says_why_in_rays_words(gcs: tuple[Gcs, str]) -> None:
    gcs[0].replies[DRAIN] = protobuf.encode({1: 0, 2: "it is no longer idle"})
    with pytest.raises(DrainRefused, match="no longer idle"):
        drain(gcs[1])


def test_a_wrong_token_is_told_apart_from_a_gcs_that_is_away(gcs: tuple[Gcs, str]) -> None:
    for token in ("", "wrong"):
        with pytest.raises(GcsUnauthorized):
            drain(gcs[1], token=token)


def test_an_answer_that_is_no_protobuf_is_not_the_gcs(gcs: tuple[Gcs, str]) -> None:
    gcs[0].replies = dict.fromkeys(gcs[0].replies, b"\x12\x05ab")
    with pytest.raises(GcsUnreachable, match="not Ray's GCS"):
        drain(gcs[1])
    with pytest.raises(GcsUnreachable, match="not Ray's GCS"):
        asyncio.run(GcsCalls().alive_nodes(GcsAt(gcs[1], TOKEN)))


def test_a_gcs_that_does_not_know_the_call_is_unreachable(gcs: tuple[Gcs, str]) -> None:
    del gcs[0].replies[DRAIN]
    with pytest.raises(GcsUnreachable, match="did not answer"):
        drain(gcs[1])


def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(GcsUnreachable):
            drain(f"127.0.0.1:{closed.getsockname()[1]}")


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(GcsUnreachable, match="within"):
        asyncio.run(GcsCalls().alive_nodes(GcsAt(f"127.0.0.1:{silent.getsockname()[1]}", TOKEN, 0.05)))


def test_something_that_speaks_another_protocol_is_unreachable() -> None:
    async def ask() -> None:
        async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(other, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await GcsCalls().alive_nodes(GcsAt(f"127.0.0.1:{port}", TOKEN))

    with pytest.raises(GcsUnreachable):
        asyncio.run(ask())


def test_drivers_of_people_are_told_from_rays_own_and_from_those_that_left(gcs: tuple[Gcs, str]) -> None:
    def job(namespace: str, end_ms: int = 0) -> bytes:
        config = protobuf.encode({5: namespace})
        return protobuf.encode({2: protobuf.encode({1: b"\x01", 2: int(bool(end_ms)), 6: config, 8: end_ms})})

    mine = [job(""), job("team"), job("", 1_700_000_000_500), job("", 1_600_000_000_000)]
    gcs[0].replies[JOBS] = b"".join([*mine, job("_ray_internal_dashboard"), job("_ray_internal_x", 1_800_000_000_000)])
    assert asyncio.run(GcsCalls().drivers(GcsAt(gcs[1], TOKEN))) == Drivers(2, 1_700_000_000.5)
    gcs[0].replies[JOBS] = b""
    assert asyncio.run(GcsCalls().drivers(GcsAt(gcs[1], TOKEN))) == Drivers(0, 0.0)


def test_rays_own_classes_write_jobs_as_they_are_read(gcs: tuple[Gcs, str]) -> None:
    service = pytest.importorskip("ray.core.generated.gcs_service_pb2", reason="the `local` extra is not installed")
    reply = service.GetAllJobInfoReply()
    for namespace, is_dead, end_ms in (("", True, 5000), ("", False, 0), ("_ray_internal_dashboard", False, 0)):
        job = reply.job_info_list.add(is_dead=is_dead, end_time=end_ms)
        job.config.ray_namespace = namespace
    gcs[0].replies[JOBS] = reply.SerializeToString()
    assert asyncio.run(GcsCalls().drivers(GcsAt(gcs[1], TOKEN))) == Drivers(1, 5.0)


def test_nothing_heavy_is_imported_for_a_call() -> None:
    code = """
import asyncio, sys
from shoal.engine.gcs_async import GcsAt, GcsCalls
assert "grpclib" not in sys.modules, "before the first call"
try:
    asyncio.run(GcsCalls().alive_nodes(GcsAt("127.0.0.1:1")))
except Exception as error:
    print(type(error).__name__)
print(*({"grpc", "google.protobuf", "ray", "numpy", "yaml"} & set(sys.modules)))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["GcsUnreachable"]


@pytest.mark.ray
def test_a_drain_is_as_rays_own_classes_read_it(gcs: tuple[Gcs, str]) -> None:
    pb2 = pytest.importorskip("ray.core.generated.autoscaler_pb2")
    service = pb2.DESCRIPTOR.services_by_name["AutoscalerStateService"]
    assert f"/{service.full_name}/DrainNode" == DRAIN
    request = pb2.DrainNodeRequest(
        node_id=b"\xab\xcd",
        reason=pb2.DRAIN_NODE_REASON_PREEMPTION,
        reason_message="scaled down by shoal",
        deadline_timestamp_ms=1_030_000,
    )
    drain(gcs[1])
    assert [protobuf.decode(one) for one in gcs[0].asked] == [protobuf.decode(request.SerializeToString())]
    gcs[0].replies[DRAIN] = pb2.DrainNodeReply(rejection_reason_message="busy").SerializeToString()
    with pytest.raises(DrainRefused, match="busy"):
        drain(gcs[1])
