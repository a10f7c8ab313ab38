"""The Jobs client against a real head of Ray, with token authentication."""

import os
import re
import secrets
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from shoal.engine.jobs import Job, Jobs, JobStatus
from shoal.engine.jobs_errors import JobNotFound, JobRejected, LogUnreadable, Unauthorized
from shoal.engine.package_env import read_runtime_env

pytestmark = pytest.mark.ray

PORTS = (
    "--port",
    "--dashboard-port",
    "--ray-client-server-port",
    "--dashboard-agent-listen-port",
    "--dashboard-agent-grpc-port",
    "--metrics-export-port",
    "--runtime-env-agent-port",
    "--node-manager-port",
    "--object-manager-port",
)
WORKER_PORTS = range(10002, 20000)


def free_ports(count: int) -> list[int]:
    """Ports nobody uses now, outside the range that Ray gives to its workers."""
    with_sockets: list[tuple[int, socket.socket]] = []
    while len([port for port, _ in with_sockets if port not in WORKER_PORTS]) < count:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        with_sockets.append((listener.getsockname()[1], listener))
    for _, listener in with_sockets:
        listener.close()
    return [port for port, _ in with_sockets if port not in WORKER_PORTS]


def tree(root: int) -> list[int]:
    """Every process below ``root``."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])

    def below(pid: int) -> list[int]:
        return [
            child for mine in [p for p, parent in parents.items() if parent == pid] for child in [mine, *below(mine)]
        ]

    return below(root)


def end(pid: int) -> None:
    """Kill it and wait until it is gone."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        select.select([handle], [], [], 10)
        os.close(handle)


@pytest.fixture(scope="module")
def jobs(module_home: Path) -> Iterator[Jobs]:
    token = secrets.token_hex(32)
    token_file = module_home / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(token)
    env = os.environ | {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token_file),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    arguments = [part for option in ports.items() for part in option]
    command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block", "--num-cpus", "2", *arguments]
    command += ["--node-ip-address", "127.0.0.1", "--dashboard-host", "127.0.0.1", "--temp-dir", f"{module_home}/r"]
    command += ["--min-worker-port", "0", "--max-worker-port", "0", "--disable-usage-stats"]
    head = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        assert head.stdout is not None
        talk = []
        while (line := head.stdout.readline()) and "block" not in line:
            talk.append(line)
        assert head.poll() is None, "".join(talk)
        yield Jobs(f"http://127.0.0.1:{ports['--dashboard-port']}", token)
    finally:
        ours = tree(head.pid)
        head.terminate()
        with suppress(subprocess.TimeoutExpired):
            head.wait(20)
        for pid in ours:
            end(pid)
        head.kill()
        head.communicate()


def printed(log: str) -> str:
    """The log less the lines that Ray puts in it, which may come after the job's first ones."""
    return re.sub(r"[^\n]*Runtime env is setting up\.\n|Running entrypoint for job [^\n]*\n", "", log)


def run(jobs: Jobs, command: str, **options: object) -> tuple[str, Job]:
    """Follow it to its end: what it printed, and how it ended."""
    submission_id = jobs.submit(command, **options)  # type: ignore[arg-type]
    return printed("".join(jobs.follow(submission_id))), jobs.get(submission_id)


def test_a_job_in_a_working_dir_runs_and_all_it_prints_comes_back(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "wd/lib").mkdir(parents=True)
    (tmp_path / "wd/lib/words.py").write_text("WORD = 'zwölf ✓'")
    (tmp_path / "wd/main.py").write_text("from lib.words import WORD\nprint(WORD)\nprint('no newline', end='')")
    log, job = run(jobs, "python main.py", working_dir=tmp_path / "wd", metadata={"team": "blue"})
    assert log == "zwölf ✓\nno newline"
    assert (job.status, job.exit_code, job.metadata) == (JobStatus.SUCCEEDED, 0, {"team": "blue"})
    assert job.start_time is not None
    assert job.end_time is not None
    assert job.start_time < job.end_time
    assert job.submission_id in [other.submission_id for other in jobs.list()]


def test_lines_come_while_the_job_runs_and_its_exit_code_is_passed_on(jobs: Jobs) -> None:
    submission_id = jobs.submit("echo first; while [ ! -e $GO ]; do sleep 0.1; done; echo second; exit 7", runtime_env={
        "env_vars": {"GO": f"{os.environ['HOME']}/go"}
    })  # fmt: skip
    log = ""
    for piece in jobs.follow(submission_id):
        log += piece
        if "first\n" in log:
            Path(os.environ["HOME"], "go").touch()
    assert printed(log) == "first\nsecond\n"
    job = jobs.get(submission_id)
    assert (job.status, job.driver_exit_code, job.exit_code) == (JobStatus.FAILED, 7, 7)


def test_a_stopped_job_is_stopped_and_exits_as_interrupted(jobs: Jobs) -> None:
    submission_id = jobs.submit("echo up; sleep 600")
    for piece in jobs.follow(submission_id):
        if "up\n" in piece:
            assert jobs.stop(submission_id)
    job = jobs.get(submission_id)
    assert (job.status, job.exit_code) == (JobStatus.STOPPED, 130)
    assert jobs.stop(submission_id) is False


def test_a_runtime_env_file_and_a_local_module_reach_the_job(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "greet").mkdir()
    (tmp_path / "greet/__init__.py").write_text("hello = 'from the module'")
    (tmp_path / "env.yaml").write_text(f"env_vars: {{A: one}}\npy_modules: ['{tmp_path}/greet']\n")
    command = "python -c 'import greet, os; print(greet.hello, os.environ[\"A\"])'"
    log, job = run(jobs, command, runtime_env=read_runtime_env(tmp_path / "env.yaml"))
    assert (log, job.exit_code) == ("from the module one\n", 0)


def test_a_log_that_is_no_text_is_said_and_the_exit_code_survives(jobs: Jobs) -> None:
    submission_id = jobs.submit(r"printf 'a\377b\n'; exit 3")
    with pytest.raises(LogUnreadable):
        list(jobs.follow(submission_id))
    assert jobs.get(submission_id).exit_code == 3


def test_refusals_are_typed(jobs: Jobs) -> None:
    taken = jobs.submit("true")
    with pytest.raises(JobRejected, match="already exists"):
        jobs.submit("true", submission_id=taken)
    with pytest.raises(JobNotFound):
        jobs.logs("nope")
    with pytest.raises(Unauthorized, match="refused"):
        Jobs(jobs.dashboard.address, "wrong").list()
    with pytest.raises(Unauthorized, match="asks for"):
        Jobs(jobs.dashboard.address).list()


def test_a_job_that_could_not_start_fails_and_says_why(jobs: Jobs) -> None:
    log, job = run(jobs, "true", runtime_env={"working_dir": "gcs://_ray_pkg_gone.zip"})
    assert (log, job.status, job.exit_code) == ("", JobStatus.FAILED, 1)
    assert "_ray_pkg_gone" in (job.message or "")
