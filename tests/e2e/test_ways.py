"""One cluster on real Ray, used in every way that the command line has, and its token never seen by anybody.

In the order of a cluster's life: the last tests kill a worker and take the cluster down.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.manifests import raycluster
from shoal.backends.local import journal, paths
from shoal.backends.local.paths import journal_path, token_path

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[2]
BINARIES = Path(sys.executable).parent
TWELVE = str([12] * 12)
printed: list[str] = []
"""All that any verb has said on stdout and stderr."""


def environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{BINARIES}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}


def run(*command: str, given: str = "") -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(command, env=environment(), cwd=ROOT, input=given, capture_output=True, text=True)
    printed.extend([ended.stdout, ended.stderr])
    return ended


def shoal(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "shoal", *arguments, given=given)


def begin(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "shoal", *arguments]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def interrupt(verb: subprocess.Popen[str], after: str) -> tuple[int, str]:
    """Ctrl-C, once it has printed ``after``: its exit code and stderr."""
    assert verb.stdout is not None
    for line in verb.stdout:
        printed.append(line)
        if after in line:
            break
    verb.send_signal(signal.SIGINT)
    out, err = verb.communicate(timeout=20)
    printed.extend([out, err])
    return verb.returncode, err


@pytest.fixture(scope="module")
def in_ps() -> Iterator[set[bytes]]:
    """Command line and environment of every process that was seen while the module ran, as `ps` would show them."""
    seen: set[bytes] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            for path in [*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")]:
                try:
                    seen.add(path.read_bytes())
                except (FileNotFoundError, ProcessLookupError, PermissionError):
                    continue  # it ended while we looked, or is another user's

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield seen
    over.set()
    watcher.join()


@pytest.fixture(scope="module", autouse=True)
def token(module_home: Path, in_ps: set[bytes]) -> Iterator[str]:
    """Of the cluster, which is up while the module runs."""
    (module_home / "ways.yaml").write_text(raycluster("ways", 1, "1Gi"))
    try:
        up = shoal("up", str(module_home / "ways.yaml"), "--yes", "--timeout", "180")
        assert up.returncode == 0, up.stderr
        yield token_path("ways").read_text().strip()
    finally:
        shoal("down", "ways", "--yes")


@pytest.mark.parametrize(
    "way",
    ["exec ways -- python examples/script.py", "submit ways --working-dir examples -- python script.py",
     "connect ways -- python examples/script.py"],
    ids=lambda way: way.split()[0],
)  # fmt: skip
def test_every_way_runs_the_script_on_the_whole_cluster(way: str) -> None:
    ended = shoal(*way.split())
    assert ended.returncode == 0, ended.stderr
    assert TWELVE in ended.stdout
    assert "'CPU': 2.0" in ended.stdout


@pytest.mark.parametrize("way", ["exec", "submit", "connect"])
def test_the_exit_code_of_the_command_is_that_of_the_verb(way: str) -> None:
    assert shoal(way, "ways", "--", "sh", "-c", "echo going; exit 7").returncode == 7


def test_ctrl_c_detaches_from_a_job_that_can_be_come_back_to_and_stopped() -> None:
    submit = begin("submit", "ways", "--submission-id", "long", "--", "echo up; sleep 600")
    code, said = interrupt(submit, after="up")
    assert code == 130
    assert "shoal job logs ways long --follow" in said
    assert "Traceback" not in said
    assert json.loads(shoal("job", "status", "ways", "long", "-o", "json").stdout)[0]["status"] == "RUNNING"
    assert "up\n" in shoal("job", "logs", "ways", "long").stdout
    assert shoal("job", "stop", "ways", "long").returncode == 0
    assert shoal("job", "logs", "ways", "long", "--follow").returncode == 130
    jobs = json.loads(shoal("jobs", "ways", "-o", "json").stdout)
    assert {job["name"]: job["status"] for job in jobs}["long"] == "STOPPED"


def test_stock_ray_tools_work_in_the_environment_that_env_prints() -> None:
    line = f'eval "$({shlex.quote(sys.executable)} -m shoal env ways)" && ray job submit -- echo from stock ray'
    ended = run("bash", "-c", line)
    assert ended.returncode == 0, ended.stderr
    assert "from stock ray" in ended.stdout


def test_a_client_of_another_python_is_told_what_the_cluster_has(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\necho 2.7.18\n")
    (tmp_path / "python").chmod(0o755)
    ended = shoal("connect", "ways", "--", str(tmp_path / "python"), "script.py")
    assert ended.returncode == 2
    has = "Python {}.{}.{} and Ray 2.60.0".format(*sys.version_info[:3])
    assert f"it has Python 2.7.18 and no Ray; ways has {has}" in ended.stderr


def test_logs_follow_a_job_and_end_with_ctrl_c() -> None:
    follow = begin("logs", "ways", "--follow", "--tail", "0")
    assert shoal("submit", "ways", "--no-wait", "--submission-id", "told", "--", "echo told by the job").returncode == 0
    assert interrupt(follow, after="job-driver-told.log: told by the job")[0] == 130
    assert "told by the job" in shoal("logs", "ways", "--file", "job-driver-told.log").stdout.splitlines()
    assert "raylet.out" in shoal("logs", "ways", "--node", "small-0", "--list", "-o", "name").stdout


def test_files_go_up_and_come_down_and_a_shell_has_the_heads_environment(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/x").write_text("content")
    assert shoal("rsync-up", "ways", f"{tmp_path}/data/", "data").returncode == 0
    assert shoal("rsync-down", "ways", "data/x", f"{tmp_path}/back").returncode == 0
    assert (tmp_path / "back").read_text() == "content"
    attached = shoal("attach", "ways", given="echo $RAY_CLUSTER_NAME $RAY_ADDRESS; exit 4")
    record = journal.read(journal_path("ways"))
    assert record is not None
    assert (attached.stdout, attached.returncode) == (f"ways 127.0.0.1:{record.ports['gcs']}\n", 4)


def test_a_worker_that_is_killed_is_seen_dead_at_once() -> None:
    def nodes() -> dict[str, dict[str, object]]:
        return {node["name"]: node for node in json.loads(shoal("status", "ways", "-o", "json").stdout)["nodes"]}

    pid = nodes()["small-0"]["pid"]
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)
    after = nodes()
    assert (after["small-0"]["phase"], after["head"]["phase"]) == ("Dead", "Running")
    assert shoal("status", "ways").returncode == 1


def test_the_token_is_in_no_file_but_its_own_and_the_logs_of_what_is_gone_are_kept(
    token: str, module_home: Path, in_ps: set[bytes]
) -> None:
    record = journal.read(journal_path("ways"))
    assert record is not None
    runtime = paths.runtime_folder(record.uid)
    assert files_with(token, module_home, runtime) == [token_path("ways")]
    assert token_path("ways").stat().st_mode & 0o777 == 0o600
    assert shoal("down", "ways", "--yes").returncode == 0
    assert not runtime.exists()
    assert "told by the job\n" in shoal("logs", "ways", "--dead", "--file", "job-driver-told.log").stdout
    assert "raylet.out" in shoal("logs", "ways", "--dead", "--node", "small-0", "--list", "-o", "name").stdout
    assert shoal("logs", "ways").returncode == 2
    assert files_with(token, module_home) == []
    assert [text for text in printed if token in text] == []
    assert any(b"SHOAL_NODE" in text for text in in_ps)
    assert [text for text in in_ps if token.encode() in text] == []


def files_with(canary: str, *folders: Path) -> list[Path]:
    """Every file that holds ``canary``; that it would be found, the token's own file shows."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in files if canary.encode() in path.read_bytes()]
