"""Against a gRPC server of our own; the field numbers against Ray's generated classes."""

import socket
from collections.abc import Iterator

import pytest

from shoal.engine.gcs import METHOD, GcsUnauthorized, GcsUnreachable, alive_nodes, known_nodes
from unit.engine.gcs_server import TOKEN, Gcs, served


def _field(number: int, value: bytes) -> bytes:
    """A field of bytes, as the wire has it; number below 16, value shorter than 128."""
    return bytes([number << 3 | 2, len(value)]) + value


# 25 (is_head_node) is true; of the second, 7 (state) is DEAD.
HEAD = _field(1, b"\xab\xcd") + _field(2, b"127.0.0.1") + _field(13, b"launch-1") + b"\xc8\x01\x01"
GONE = _field(1, b"\xef") + b"\x38\x01"


@pytest.fixture
def gcs() -> Iterator[tuple[Gcs, str]]:
    fake = Gcs({METHOD: _field(2, HEAD) + _field(2, GONE)})
    with served(fake) as address:
        yield fake, address


def test_alive_nodes_leaves_out_the_dead(gcs: tuple[Gcs, str]) -> None:
    (head,) = alive_nodes(gcs[1], TOKEN, 5.0)
    assert (head.node_id, head.is_head, head.ip, head.instance_id) == ("abcd", True, "127.0.0.1", "launch-1")
    assert [node.alive for node in known_nodes(gcs[1], TOKEN, 5.0)] == [True, False]


def test_a_proxy_in_the_environment_is_not_asked(gcs: tuple[Gcs, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("grpc_proxy", "http://127.0.0.1:9")
    assert len(alive_nodes(gcs[1], TOKEN, 5.0)) == 1


def test_a_wrong_token_is_told_apart_from_a_gcs_that_is_away(gcs: tuple[Gcs, str]) -> None:
    with pytest.raises(GcsUnauthorized):
        alive_nodes(gcs[1], "wrong", 5.0)


def test_an_answer_that_is_no_protobuf_is_not_the_gcs(gcs: tuple[Gcs, str]) -> None:
    gcs[0].replies[METHOD] = b"\x12\x05ab"
    with pytest.raises(GcsUnreachable, match="not Ray's GCS"):
        alive_nodes(gcs[1], TOKEN, 5.0)


def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(GcsUnreachable):
            alive_nodes(f"127.0.0.1:{closed.getsockname()[1]}", TOKEN, 1.0)


@pytest.mark.ray
def test_every_field_is_read_as_rays_own_classes_write_it(gcs: tuple[Gcs, str]) -> None:
    gcs_pb2 = pytest.importorskip("ray.core.generated.gcs_pb2")
    service = pytest.importorskip("ray.core.generated.gcs_service_pb2")
    info = gcs_pb2.GcsNodeInfo(
        node_id=b"\x01" * 28,
        node_manager_address="127.0.0.1",
        state=gcs_pb2.GcsNodeInfo.GcsNodeState.ALIVE,
        is_head_node=True,
        instance_id="launch-1",
        node_type_name="small-group",
        resources_total={"CPU": 1.5, "memory": 1073741824.0},
        labels={"ray.io/node-group": "small-group"},
        start_time_ms=1_767_225_600_500,
    )
    gcs[0].replies[METHOD] = service.GetAllNodeInfoReply(node_info_list=[info]).SerializeToString()
    (node,) = alive_nodes(gcs[1], TOKEN, 5.0)
    assert (node.node_id, node.alive, node.is_head) == ("01" * 28, True, True)
    assert (node.ip, node.instance_id, node.node_type) == ("127.0.0.1", "launch-1", "small-group")
    assert node.resources == {"CPU": 1.5, "memory": 1073741824.0}
    assert node.labels == {"ray.io/node-group": "small-group"}
    assert node.started == 1_767_225_600.5
    assert f"/{service.DESCRIPTOR.services_by_name['NodeInfoGcsService'].full_name}/GetAllNodeInfo" == METHOD
