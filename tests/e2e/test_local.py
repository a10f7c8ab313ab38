"""What the local backend promises about safety, with two real clusters side by side."""

import asyncio
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from shoal.backends.base import Endpoints
from shoal.backends.local import journal, paths, processes
from shoal.backends.local.backend import LocalBackend
from shoal.backends.local.journal import Record
from shoal.backends.local.listeners import listening, sockets
from shoal.backends.local.paths import journal_path, known_clusters, token_path
from shoal.backends.local.processes import Process
from shoal.desired.cluster import DesiredCluster
from shoal.engine.gcs import GcsUnauthorized, alive_nodes
from shoal.runtime.clock import SystemClock
from shoal.runtime.converge import Silent, converge
from shoal.status.conditions import status_of
from shoal.testing.specs import cluster_of
from shoal.world.snapshot import Phase

pytestmark = pytest.mark.ray

SMALL = {"object-store-memory": "80000000"}
ONE = cluster_of("one", {"few": 1}, params={"headgroup": SMALL, "few": SMALL})
TWO = cluster_of("two", {}, params={"headgroup": SMALL})
LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
OF_THE_PERSON = "a-token-of-the-person"


class Running(msgspec.Struct):
    """One cluster as it runs."""

    record: Record
    endpoints: Endpoints
    members: tuple[Process, ...]
    token: str


def take(desired: DesiredCluster | None, name: str) -> None:
    """Up or down, to the end."""
    asyncio.run(converge(LocalBackend(), name, desired, SystemClock(), Silent(), 180))


@pytest.fixture(scope="module")
def clusters(module_home: Path) -> Iterator[dict[str, Running]]:
    """Both clusters, brought up at the same time."""
    (module_home / ".ray").mkdir()
    (module_home / ".ray" / "auth_token").write_text(OF_THE_PERSON)

    async def both() -> None:
        ups = (converge(LocalBackend(), spec.name, spec, SystemClock(), Silent(), 180) for spec in (ONE, TWO))
        await asyncio.gather(*ups)

    try:
        asyncio.run(both())
        yield {name: running(name) for name in ("one", "two")}
    finally:
        for name in known_clusters():
            take(None, name)


def running(name: str) -> Running:
    """What is to be known of a cluster."""
    record = journal.read(journal_path(name))
    assert record is not None
    members = [
        process
        for node in record.nodes.values()
        for process in processes.members(
            processes.snapshot(record.uid), f"{record.uid}/{node.launch}", node.pid, node.ticks
        )
    ]
    assert len(members) >= 4
    return Running(record, LocalBackend().endpoints(name), tuple(members), token_path(name).read_text())


def ports_of(record: Record) -> set[int]:
    """Every port that was given to a cluster."""
    return {*record.ports.values(), *(port for node in record.nodes.values() for port in node.agent_ports.values())}


def http_status(url: str, token: str) -> int:
    """The status that a GET is answered with."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def client_answer(address: str, token: str) -> str:
    """The name of the gRPC status with which the Ray Client server answers a call."""
    import grpc

    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    with grpc.insecure_channel(address.removeprefix("ray://"), options=(("grpc.enable_http_proxy", 0),)) as channel:
        try:
            channel.unary_unary("/ray.rpc.RayletDriver/ClusterInfo")(b"", metadata=metadata, timeout=20)
        except grpc.RpcError as error:
            return str(error.code().name)
    return "OK"


def test_all_that_listens_does_so_on_loopback_alone(clusters: dict[str, Running]) -> None:
    for name, cluster in clusters.items():
        inodes = {inode for process in cluster.members for inode in sockets(process.pid)}
        found = {(address, port) for address, port, inode in listening() if inode in inodes}
        assert cluster.record.ports["gcs"] in {port for _, port in found}, "the search finds what listens"
        assert {address for address, _ in found} <= LOOPBACK, (name, found)


def test_clusters_that_start_at_once_share_no_port(clusters: dict[str, Running]) -> None:
    one, two = ports_of(clusters["one"].record), ports_of(clusters["two"].record)
    assert one.isdisjoint(two)
    assert len(one) == 3 + 2 * 4


def test_each_gcs_knows_its_own_nodes_alone(clusters: dict[str, Running]) -> None:
    for cluster in clusters.values():
        seen = alive_nodes(cluster.endpoints.gcs, cluster.token, 10)
        assert {node.instance_id for node in seen} == set(cluster.record.nodes)


@pytest.mark.parametrize("token", ["", "wrong", OF_THE_PERSON, "of the other cluster"])
def test_a_call_without_the_right_token_is_refused(clusters: dict[str, Running], token: str) -> None:
    given = clusters["two"].token if token == "of the other cluster" else token
    endpoints = clusters["one"].endpoints
    with pytest.raises(GcsUnauthorized):
        alive_nodes(endpoints.gcs, given, 10)
    assert http_status(f"{endpoints.dashboard}/api/version", given) in (401, 403)
    assert client_answer(endpoints.client, given) == "UNAUTHENTICATED"


def test_a_call_with_the_token_is_answered(clusters: dict[str, Running]) -> None:
    cluster = clusters["one"]
    assert http_status(f"{cluster.endpoints.dashboard}/api/version", cluster.token) == 200
    assert client_answer(cluster.endpoints.client, cluster.token) != "UNAUTHENTICATED"


def test_the_token_is_in_its_file_and_nowhere_else(clusters: dict[str, Running], module_home: Path) -> None:
    for cluster in clusters.values():
        for process in cluster.members:
            for what in ("cmdline", "environ"):
                assert cluster.token.encode() not in Path(f"/proc/{process.pid}/{what}").read_bytes()
        for folder in (module_home, paths.runtime_folder(cluster.record.uid)):
            files = (path for path in folder.rglob("*") if path.is_file())
            assert [path for path in files if cluster.token.encode() in path.read_bytes()] in (
                [],
                [Path(cluster.endpoints.token_path)],
            )


def test_what_is_kept_of_a_cluster_is_its_owners_alone(clusters: dict[str, Running]) -> None:
    for name, cluster in clusters.items():
        runtime = paths.runtime_folder(cluster.record.uid)  # below it Ray opens folders to all, who can't get there
        folders = [paths.state_home(), paths.cluster_folder(name), runtime, runtime.parent]
        assert {folder: oct(folder.stat().st_mode & 0o777) for folder in folders} == dict.fromkeys(folders, "0o700")
        files = [journal_path(name), token_path(name), paths.lock_path(name)]
        assert {file: oct(file.stat().st_mode & 0o777) for file in files} == dict.fromkeys(files, "0o600")


def test_a_raylet_killed_by_hand_is_seen_within_seconds(clusters: dict[str, Running]) -> None:
    worker = next(node for node in clusters["one"].record.nodes.values() if node.node.name == "few-0")
    victims = [process for process in clusters["one"].members if process.session == worker.pid]
    raylet = next(p for p in victims if b"/raylet/raylet\0" in Path(f"/proc/{p.pid}/cmdline").read_bytes())
    os.kill(raylet.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while True:
        world = asyncio.run(LocalBackend().observe("one"))
        node = world.node("few-0")
        assert node is not None
        if node.phase is Phase.DEAD or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert node.phase is Phase.DEAD
    assert "process ended" in node.detail
    assert not status_of(ONE, world).ready


def test_down_keeps_the_logs_for_their_owner_alone(clusters: dict[str, Running]) -> None:
    take(None, "one")
    kept = paths.archive_home("one")
    names = {path.name for path in kept.rglob("*") if path.is_file()}
    assert {"gcs_server.out", "raylet.out", "start.log"} <= names
    folders = [kept, *(path for path in kept.rglob("*") if path.is_dir())]
    assert {oct(folder.stat().st_mode & 0o777) for folder in folders} == {"0o700"}
    assert asyncio.run(LocalBackend().observe("two")).gcs


def test_the_persons_own_ray_folder_is_untouched(clusters: dict[str, Running], module_home: Path) -> None:
    assert [path.name for path in (module_home / ".ray").iterdir()] == ["auth_token"]
    assert (module_home / ".ray" / "auth_token").read_text() == OF_THE_PERSON
