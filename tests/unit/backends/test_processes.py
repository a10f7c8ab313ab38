"""Which processes are a node's: never a stranger's, whatever became of the numbers."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from shoal.backends.local import processes
from shoal.backends.local.processes import Process, leader, members

MINE = "uid/launch"
FOLDER = "/tmp/shoal-0/uid/launch"


def process(pid: int, session: int, ticks: int, marker: str = "", folder: str = "") -> Process:
    """A process that is no zombie."""
    return Process(pid, session, ticks, False, marker, folder)


LEADER = process(100, 100, 5000, MINE, FOLDER)
RAYLET = process(101, 100, 5001, MINE, FOLDER)
AGENT = process(102, 100, 5002, folder=FOLDER)  # has overwritten its environment
STRANGER = process(200, 200, 5003)


def pids(found: tuple[Process, ...]) -> set[int]:
    """Their numbers."""
    return {process.pid for process in found}


def test_a_node_is_its_leader_and_what_that_started() -> None:
    assert pids(members((LEADER, RAYLET, AGENT, STRANGER), MINE, 100, 5000)) == {100, 101, 102}


def test_what_left_the_session_is_found_by_its_marker() -> None:
    moved = process(103, 103, 5004, MINE)
    without = process(104, 103, 5005)
    assert pids(members((LEADER, moved, without), MINE, 100, 5000)) == {100, 103, 104}


def test_without_its_leader_the_rest_is_still_found() -> None:
    assert pids(members((RAYLET, AGENT, STRANGER), MINE, 100, 5000)) == {101, 102}


def test_the_last_one_without_marker_is_known_by_its_folder() -> None:
    assert pids(members((AGENT, STRANGER), MINE, 100, 5000)) == {102}
    gone = process(102, 100, 5002, folder=f"{FOLDER} (deleted)")
    assert pids(members((gone, STRANGER), MINE, 100, 5000)) == {102}


def test_a_node_whose_leaders_number_was_never_journalled_is_found() -> None:
    assert pids(members((LEADER, RAYLET, AGENT, STRANGER), MINE, 0, 0)) == {100, 101, 102}
    assert leader((LEADER, RAYLET), MINE, 0, 0) == LEADER


def test_a_later_process_with_the_leaders_number_is_a_stranger() -> None:
    later = process(100, 100, 9000)
    its_child = process(300, 100, 9001)
    assert members((later, its_child, STRANGER), MINE, 100, 5000) == ()
    assert leader((later,), MINE, 100, 5000) is None


def test_a_strangers_session_that_outlived_its_own_leader_stays_untouched() -> None:
    its_child = process(300, 100, 9001)
    assert members((its_child, STRANGER), MINE, 100, 5000) == ()


def test_after_a_reboot_a_session_of_the_same_number_stays_untouched() -> None:
    daemon = process(101, 100, 12000, folder="/home/somebody")
    assert members((daemon,), MINE, 100, 5000) == ()


def test_a_shell_that_stands_in_the_nodes_folder_is_no_part_of_it() -> None:
    shell = process(400, 400, 6000, folder=FOLDER)
    assert members((shell, STRANGER), MINE, 100, 5000) == ()


def test_another_launch_of_the_same_cluster_is_another_node() -> None:
    other = process(500, 500, 7000, "uid/other", "/tmp/shoal-0/uid/other")
    other_agent = process(501, 500, 7001, folder="/tmp/shoal-0/uid/other")
    assert members((other, other_agent), MINE, 100, 5000) == ()


def test_what_came_from_outside_of_a_container_and_has_no_session_there_is_a_stranger() -> None:
    assert members((process(600, 0, 7000, folder=FOLDER),), MINE, 0, 0) == ()


def test_a_leader_whose_start_time_was_not_caught_claims_no_stranger() -> None:
    assert members((process(100, 100, 9000), process(101, 100, 9001)), MINE, 100, 0) == ()


@pytest.fixture
def sleeper(tmp_path: Path) -> subprocess.Popen[bytes]:
    """A process in a session of its own, with a marker."""
    folder = tmp_path / "uid" / "launch"
    folder.mkdir(parents=True)
    environment = {**os.environ, processes.MARKER: MINE}
    return subprocess.Popen(["sleep", "60"], env=environment, cwd=folder, start_new_session=True)


def test_a_real_process_is_found_signalled_and_waited_for(sleeper: subprocess.Popen[bytes]) -> None:
    ticks = processes.start_ticks(sleeper.pid)
    (found,) = members(processes.snapshot("uid"), MINE, sleeper.pid, ticks)
    assert (found.pid, found.session, found.marker) == (sleeper.pid, sleeper.pid, MINE)
    assert found.folder.endswith("/uid/launch")
    assert not processes.wait_gone([found], 0.0)
    processes.send(Process(found.pid, found.session, found.ticks - 1, False), signal.SIGKILL)
    assert sleeper.poll() is None, "a process of another start time was signalled"
    processes.send(found, signal.SIGKILL)
    assert processes.wait_gone([found], 10.0)
    assert members(processes.snapshot("uid"), MINE, sleeper.pid, ticks) == ()  # also while it is a zombie
    sleeper.wait()
    processes.send(found, signal.SIGKILL)
    assert processes.wait_gone([found], 0.0)
    assert processes.start_ticks(sleeper.pid) == 0


def test_a_marker_of_another_cluster_is_not_ours(sleeper: subprocess.Popen[bytes]) -> None:
    try:
        (other,) = (process for process in processes.snapshot("other") if process.pid == sleeper.pid)
        assert (other.marker, other.folder) == ("", "")
    finally:
        sleeper.kill()
        sleeper.wait()


def test_waiting_for_nothing_takes_no_time() -> None:
    begun = time.monotonic()
    assert processes.wait_gone([], 60.0)
    assert time.monotonic() - begun < 1
