"""kill -9 of `shoal` at points of up and down, with real Ray: the same command again ends it, and nothing is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from shoal.backends.local import journal, paths, ports, processes
from shoal.backends.local.paths import journal_path
from shoal.testing.remains import remains

pytestmark = pytest.mark.ray

NAME = "crash"
DRIVER = Path(__file__).with_name("crash_driver.py")
SPEC = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata:
  name: crash
spec:
  headGroupSpec:
    rayStartParams: {num-cpus: "0", object-store-memory: "80000000"}
    template:
      spec:
        containers:
          - name: ray
            image: rayproject/ray:2.60.0
            ports:
              - {name: gcs, containerPort: GCS}
              - {name: dashboard, containerPort: BOARD}
              - {name: client, containerPort: CLIENT}
  workerGroupSpecs:
    - groupName: few
      replicas: WORKERS
      minReplicas: 0
      maxReplicas: 1
      rayStartParams: {num-cpus: "1", object-store-memory: "80000000"}
      template: {spec: {containers: [{name: ray, image: "rayproject/ray:2.60.0"}]}}
"""
POINTS_OF_UP = [
    "append 1 before",
    "append 1 within",
    "append 1 after",
    "write 1 before",
    "write 2 after",
    "append 2 within",
    "append 2 after",
    "start 1 after",
    "append 3 within",
    "append 3 after",
]
POINTS_OF_DOWN = [
    "append 1 before",
    "append 1 within",
    "append 1 after",
    "send 1 after",
    "keep_logs 1 before",
    "keep_logs 1 after",
    "rmtree 1 after",
    "append 2 after",
    "append 3 after",
    "rmtree 2 after",
    "unlink 1 after",
    "unlink 2 after",
    "rmdir 1 before",
]
NOTHING_LEFT = {0, 2}  # 2: there is no such cluster


class Seen(msgspec.Struct):
    """What the cluster of a test was known by, remembered for the search of what they left."""

    uids: set[str] = set()
    ports: set[int] = set()

    def note(self) -> None:
        """Remember what the journal says now."""
        record = journal.read(journal_path(NAME))
        if record is not None:
            self.uids.add(record.uid)
            self.ports.update(record.ports.values(), *(node.agent_ports.values() for node in record.nodes.values()))


@pytest.fixture
def seen() -> Seen:
    """Filled while a test runs."""
    return Seen()


@pytest.fixture(autouse=True)
def nothing_runs_on(module_home: Path) -> Iterator[None]:
    """Whatever fails, no test leaves its cluster to the next."""
    yield
    if paths.cluster_folder(NAME).exists():
        shoal("down", NAME, "--yes")


@pytest.fixture
def head(tmp_path: Path) -> Path:
    """A spec of a head alone."""
    return spec(tmp_path, 0)


def spec(folder: Path, workers: int) -> Path:
    """The file of the cluster with so many workers, on ports that other clusters of this machine don't ask for."""
    text = SPEC.replace("WORKERS", str(workers))
    for name, port in zip(("GCS", "BOARD", "CLIENT"), ports.free(()), strict=False):
        text = text.replace(name, str(port))
    file = folder / "crash.yaml"
    file.write_text(text)
    return file


def shoal(*arguments: str) -> int:
    """Run `shoal`; its exit code."""
    return run(sys.executable, "-m", "shoal", *arguments)


def shoal_dying(point: str, *arguments: str) -> None:
    """Run `shoal` until it is killed at ``point``."""
    assert run(sys.executable, str(DRIVER), *point.split(), *arguments) == -signal.SIGKILL, f"{point} never came"


def run(*command: str) -> int:
    """Run it to its end, its output in the test's; the exit code."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, timeout=200, check=False).returncode


def left(seen: Seen, module_home: Path) -> list[str]:
    """What of the cluster is left anywhere, also of what no journal ever told."""
    found = [line for uid in sorted(seen.uids) or [""] for line in remains(NAME, uid, seen.ports)]
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            environment = (folder / "environ").read_bytes()
            if b"SHOAL_NODE=" in environment and str(module_home).encode() in environment:
                found.append(f"process {folder.name} of this home")
    return found


def down_leaves_nothing(seen: Seen, module_home: Path) -> None:
    """`down` works, or finds that there is nothing; either is true."""
    seen.note()
    code = shoal("down", NAME, "--yes")
    assert code in NOTHING_LEFT
    assert left(seen, module_home) == []
    assert shoal("status", NAME) == 2


@pytest.mark.parametrize("point", POINTS_OF_UP)
def test_down_after_an_up_that_was_killed_leaves_nothing(point: str, head: Path, seen: Seen, module_home: Path) -> None:
    shoal_dying(point, "up", str(head), "--yes")
    down_leaves_nothing(seen, module_home)


@pytest.mark.parametrize("point", POINTS_OF_DOWN)
def test_a_down_that_was_killed_is_finished_by_the_next(point: str, head: Path, seen: Seen, module_home: Path) -> None:
    assert shoal("up", str(head), "--yes", "--timeout", "0") == 4  # started, and not waited for
    seen.note()
    shoal_dying(point, "down", NAME, "--yes")
    down_leaves_nothing(seen, module_home)


def test_up_after_crashes_of_up_starts_each_node_once(tmp_path: Path, seen: Seen, module_home: Path) -> None:
    file = str(spec(tmp_path, 1))
    shoal_dying("append 1 within", "up", file, "--yes")
    shoal_dying("start 1 after", "up", file, "--yes")
    seen.note()
    assert shoal("up", file, "--yes", "--timeout", "180") == 0
    seen.note()
    assert shoal("plan", file) == 0, "there is more to do"
    assert raylets() == 2
    shoal_dying("send 1 after", "down", NAME, "--yes")
    assert shoal("up", file, "--yes", "--timeout", "180") == 0
    seen.note()
    assert raylets() == 2
    down_leaves_nothing(seen, module_home)


@pytest.mark.parametrize("after_s", [0.6, 2.0])
def test_a_kill_at_any_time_is_recovered_from(after_s: float, head: Path, seen: Seen, module_home: Path) -> None:
    up = subprocess.Popen([sys.executable, "-m", "shoal", "up", str(head), "--yes"], stdin=subprocess.DEVNULL)
    time.sleep(after_s)
    up.kill()
    up.wait()
    down_leaves_nothing(seen, module_home)


def raylets() -> int:
    """How many raylets of the cluster run."""
    record = journal.read(journal_path(NAME))
    assert record is not None
    members = [process for process in processes.snapshot(record.uid) if process.marker]
    commands = [Path(f"/proc/{process.pid}/cmdline") for process in members]
    return sum(b"/raylet/raylet\0" in command.read_bytes() for command in commands if command.exists())


def test_the_search_for_what_is_left_finds_a_process(seen: Seen, module_home: Path) -> None:
    stray = subprocess.Popen(["sleep", "60"], env={**os.environ, "SHOAL_NODE": "00000000/1"})
    try:
        assert left(seen, module_home) == [f"process {stray.pid} of this home"]
    finally:
        stray.kill()
        stray.wait()
