"""Which processes are ours, and how they end."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.folders import Run
from lab.processes import Process, check_alive, ensure, running, start_time, stop

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.1; done"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "lab")


def wait_for_end(process: Process) -> None:
    while process.is_running:
        pass


def test_a_process_is_started_once(run: Run) -> None:
    first = ensure(run, "a", ["sleep", "60"])
    assert ensure(run, "a", ["sleep", "60"]) == first
    stop(run, ["a"])
    assert running(run, "a") is None
    assert not run.record("a").exists()


def test_one_that_ended_is_started_again(run: Run) -> None:
    first = ensure(run, "a", ["true"])
    wait_for_end(first)
    second = ensure(run, "a", ["sleep", "60"])
    assert second != first
    stop(run, ["a"])


def test_a_pid_that_somebody_else_has_now_is_left_alone(run: Run) -> None:
    other = subprocess.Popen(["sleep", "60"])
    run.make()
    started = start_time(other.pid)
    assert started is not None
    run.record("a").write_text(json.dumps({"name": "a", "pid": other.pid, "started": started - 1}))
    stop(run, ["a"])
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_zombie_does_not_run() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert start_time(child.pid) is None
    child.wait()


def test_one_that_ignores_sigterm_is_killed(run: Run) -> None:
    process = ensure(run, "a", ["sh", "-c", STUBBORN])
    while "ready" not in run.log("a").read_text():
        pass  # until its trap is set
    stop(run, ["a"], within_s=0.3)
    assert not process.is_running


def test_the_end_of_its_log_says_why_a_process_ended(run: Run) -> None:
    process = ensure(run, "a", ["sh", "-c", "echo the port is taken; exit 1"])
    wait_for_end(process)
    with pytest.raises(LabError, match="the port is taken"):
        check_alive(run, process)


def test_a_process_that_was_never_there_does_not_run() -> None:
    assert not Process("a", 2**22 + 1, 0).is_running
