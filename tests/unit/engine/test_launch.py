import os
import signal
import stat
import sys
import time
from pathlib import Path

import pytest

from shoal.engine import launch
from shoal.engine.launch import Launch, NodeNotStarted, RayNotInstalled, spawn

SHOW = "import os, sys; print(sys.argv[1:], dict(os.environ), os.getcwd(), os.getsid(0), os.getpgid(0), os.getpid())"


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "ray_command", lambda: (sys.executable, "-c", SHOW))


def _launch(folder: Path, *argv: str, name: str = "out") -> Launch:
    return Launch(argv=argv, env={"ONLY": "this", "LC_ALL": "C.UTF-8"}, output=str(folder / name), cwd=str(folder))


def _ended(pid: int) -> None:
    """Wait for the process and for its parent to have collected it."""
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "it neither ended nor was collected"
        time.sleep(0.01)


@pytest.mark.usefixtures("stand_in")
def test_a_node_leads_its_own_session_with_only_the_environment_it_was_given(tmp_path: Path) -> None:
    pids: dict[int, int] = {}
    spawn([_launch(tmp_path, "start", "--head")], pids.__setitem__)
    _ended(pids[0])
    printed = (tmp_path / "out").read_text()
    assert printed.startswith("['start', '--head'] {")
    assert "'ONLY': 'this'" in printed
    assert "HOME" not in printed
    assert printed.split("}")[1].split() == [str(tmp_path), *[str(pids[0])] * 3]


@pytest.mark.usefixtures("stand_in")
def test_every_launch_is_reported_with_its_index(tmp_path: Path) -> None:
    pids: dict[int, int] = {}
    spawn([_launch(tmp_path, str(index), name=str(index)) for index in range(3)], pids.__setitem__)
    for pid in pids.values():
        _ended(pid)
    assert [(tmp_path / str(index)).read_text()[:5] for index in range(3)] == ["['0']", "['1']", "['2']"]
    assert sorted(pids) == [0, 1, 2]


@pytest.mark.usefixtures("stand_in")
def test_output_is_private_and_appended_to(tmp_path: Path) -> None:
    (tmp_path / "out").touch(mode=0o600)
    (tmp_path / "out").write_text("before\n")
    pids: dict[int, int] = {}
    spawn([_launch(tmp_path, "again"), _launch(tmp_path, "new", name="made")], pids.__setitem__)
    for pid in pids.values():
        _ended(pid)
    assert (tmp_path / "out").read_text().startswith("before\n['again']")
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o600


def test_a_node_that_is_killed_leaves_no_zombie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "ray_command", lambda: (sys.executable, "-c", "import signal; signal.pause()"))
    pids: dict[int, int] = {}
    spawn([_launch(tmp_path)], pids.__setitem__)
    os.kill(pids[0], signal.SIGKILL)
    _ended(pids[0])


@pytest.mark.usefixtures("stand_in")
def test_a_missing_folder_is_told_and_what_came_before_it_was_started(tmp_path: Path) -> None:
    pids: dict[int, int] = {}
    with pytest.raises(NodeNotStarted) as caught:
        spawn([_launch(tmp_path), _launch(tmp_path / "gone")], pids.__setitem__)
    assert list(pids) == [0]
    assert caught.value.where == str(tmp_path / "gone" / "out")
    _ended(pids[0])


def test_without_ray_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    pids: dict[int, int] = {}
    with pytest.raises(RayNotInstalled):
        spawn([_launch(tmp_path)], pids.__setitem__)
    assert not pids
