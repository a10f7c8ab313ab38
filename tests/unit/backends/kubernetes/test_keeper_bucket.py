"""The program that keeps logs beside Ray, with a bucket: run as it runs there, against a server of S3's kind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from inspect import getsource
from pathlib import Path
from typing import Any

import pytest

from shoal.backends.kubernetes import keeper
from shoal.backends.kubernetes.keeper import Bucket, Seen, ship

arrow: Any = pytest.importorskip("pyarrow.fs")
moto: Any = pytest.importorskip("moto.server")

POD = "logs/team/demo/u1/headgroup/demo-head"


@pytest.fixture(scope="module")
def place() -> Iterator[dict[str, str]]:
    """The environment of a container that may write to the bucket "logs"."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    at = {"SHOAL_S3_ENDPOINT": f"http://127.0.0.1:{port}", "SHOAL_S3_REGION": "us-east-1"}
    yield {**keys, **at, "SHOAL_LOGS_KIND": "bucket", "SHOAL_LOGS_TO": POD}
    server.stop()


@pytest.fixture
def files(place: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The file system of the bucket, which is empty."""
    for name, value in place.items():
        monkeypatch.setenv(name, value)
    maker = arrow.S3FileSystem(
        endpoint_override=place["SHOAL_S3_ENDPOINT"].removeprefix("http://"),
        scheme="http",
        region="us-east-1",
        allow_bucket_creation=True,
    )
    maker.create_dir("logs")
    maker.delete_dir_contents("logs")
    return keeper.bucket(os.environ)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Where a Ray writes its logs."""
    folder = tmp_path / "ray" / "session_1" / "logs"
    folder.mkdir(parents=True)
    return folder


def round_of(logs: Path, files: Any) -> None:
    """One round of a keeper that has just started."""
    store = Bucket(files, POD)
    ship(str(logs.parents[1]), store, Seen(list(store.known())))


def fetched(files: Any, target: Path) -> dict[str, str]:
    """What a pod that reads gets: names and contents."""
    keeper.fetch(files, "logs/team/demo", str(target))
    return {str(path.relative_to(target)): path.read_text() for path in target.rglob("*") if path.is_file()}


def test_what_is_added_and_rotated_comes_back_joined_and_in_its_order(logs: Path, files: Any, tmp_path: Path) -> None:
    (logs / "a.log").write_text("one\n")
    round_of(logs, files)
    with (logs / "a.log").open("a") as file:
        file.write("two\n")
    round_of(logs, files)
    round_of(logs, files)
    (logs / "a.log").replace(logs / "a.log.1")
    (logs / "a.log").write_text("three\n")
    time.sleep(0.002)  # two files of one name are told apart by the millisecond in which they were first seen
    round_of(logs, files)
    assert len(list(keeper.parts(files, "logs"))) == 3
    where = "u1/headgroup/demo-head/session_1"
    assert fetched(files, tmp_path / "out") == {f"{where}/a.log.1": "one\ntwo\n", f"{where}/a.log": "three\n"}


def test_one_cluster_gets_no_others_logs(logs: Path, files: Any, tmp_path: Path) -> None:
    (logs / "a.log").write_text("of demo-2")
    store = Bucket(files, "logs/team/demo-2/u1/headgroup/demo-2-head")
    ship(str(logs.parents[1]), store, Seen([]))
    assert fetched(files, tmp_path / "out") == {}


def test_the_last_lines_are_in_the_bucket_when_the_pod_ends(
    logs: Path, files: Any, place: dict[str, str], tmp_path: Path
) -> None:
    (logs / "a.log").write_text("begins\n")
    source = {"SHOAL_LOGS_FROM": str(logs.parents[1])}
    process = subprocess.Popen([sys.executable, "-I", "-c", getsource(keeper)], env=place | source)
    while not list(keeper.parts(files, "logs")):
        assert process.poll() is None
        time.sleep(0.05)
    with (logs / "a.log").open("a") as file:
        file.write("ends\n")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert list(fetched(files, tmp_path / "out").values()) == ["begins\nends\n"]


def test_a_bucket_that_is_not_there_is_told(logs: Path, place: dict[str, str]) -> None:
    (logs / "a.log").write_text("a")
    environment = place | {"SHOAL_LOGS_FROM": str(logs.parents[1]), "SHOAL_LOGS_TO": "nowhere/demo"}
    command = [sys.executable, "-I", "-c", getsource(keeper)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "logs are not kept" in process.stderr.readline()
        process.terminate()
