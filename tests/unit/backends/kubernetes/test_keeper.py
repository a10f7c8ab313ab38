"""The program that keeps logs beside Ray, run as it runs there: sent as text, on folders that stand for the pod's."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from inspect import getsource
from pathlib import Path
from typing import Any

import pytest

from shoal.backends.kubernetes import keeper
from shoal.backends.kubernetes.keeper import Folder, Seen, ship

SESSION = "session_2026-01-01_00-00-00_000000_1"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Where a Ray writes its logs."""
    folder = tmp_path / "ray" / SESSION / "logs"
    folder.mkdir(parents=True)
    (tmp_path / "ray" / "session_latest").symlink_to(SESSION)
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where they are kept."""
    return tmp_path / "kept" / "pod" / SESSION


def round_of(logs: Path, kept: Path) -> None:
    """One round of a keeper that has just started."""
    store = Folder(str(kept.parent))
    ship(str(logs.parents[1]), store, Seen(list(store.known())))


def names(kept: Path) -> dict[str, str]:
    """What is kept: names and contents."""
    found = (path for path in kept.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(kept)): path.read_text() for path in found}


def test_what_is_added_is_kept_once_also_by_one_that_starts_anew(logs: Path, kept: Path) -> None:
    (logs / "raylet.out").write_text("one\n")
    (logs / "empty.err").touch()
    (logs / "old").mkdir()
    (logs / "old" / "worker.out").write_text("w")
    round_of(logs, kept)
    with (logs / "raylet.out").open("a") as file:
        file.write("two\n")
    round_of(logs, kept)
    round_of(logs, kept)
    assert names(kept) == {"raylet.out": "one\ntwo\n", "old/worker.out": "w"}


@pytest.mark.parametrize("restarts", [False, True])
def test_a_rotated_log_keeps_its_order_and_takes_no_more_room_than_ray_gives_it(
    restarts: bool, logs: Path, kept: Path
) -> None:
    store, seen = Folder(str(kept.parent)), Seen([])
    for number in range(5):
        if restarts:
            store = Folder(str(kept.parent))
            seen = Seen(list(store.known()))
        for back in (1, 0):  # as Ray rotates: .1 -> .2, then the log itself -> .1
            old = logs / (f"raylet.out.{back}" if back else "raylet.out")
            if old.exists():
                old.replace(logs / f"raylet.out.{back + 1}")
        (logs / "raylet.out").write_text(f"part {number}\n" + "x" * number)
        ship(str(logs.parents[1]), store, seen)
    assert names(kept) == {path.name: path.read_text() for path in logs.iterdir()}
    assert set(names(kept)) == {"raylet.out", "raylet.out.1", "raylet.out.2"}


def test_a_file_that_was_made_anew_does_not_take_the_place_of_what_was_kept(logs: Path, kept: Path) -> None:
    (logs / "a.log").write_text("the first life")
    round_of(logs, kept)
    (logs / "a.log").write_text("second")
    round_of(logs, kept)
    assert names(kept) == {"a.log": "second", "a.log.old": "the first life"}
    (logs / "a.log").replace(logs / "taken-away")
    (logs / "taken-away").unlink()
    (logs / "b.log").write_text("holds the inode that may come free")
    (logs / "a.log").write_text("third, and longer than the second")
    round_of(logs, kept)
    assert names(kept)["a.log"] == "third, and longer than the second"
    assert "second" in names(kept).values()


def test_a_crash_in_the_middle_of_a_rotation_loses_nothing(logs: Path, kept: Path) -> None:
    (logs / "a.log").write_text("one")
    round_of(logs, kept)
    (logs / "a.log").replace(logs / "a.log.1")
    (logs / "a.log").write_text("two")

    class Crash(Exception):
        """Stands for a kill."""

    for step in range(4):
        store, left = Folder(str(kept.parent)), [step]
        replace = store._replace

        def dying(old: str, new: str, replace: Callable[[str, str], None] = replace, left: list[int] = left) -> None:
            if not left[0]:
                raise Crash
            left[0] -= 1
            replace(old, new)

        store._replace = dying  # type: ignore[method-assign]
        try:
            ship(str(logs.parents[1]), store, Seen(list(store.known())))
        except Crash:
            continue
    round_of(logs, kept)
    assert names(kept) == {"a.log": "two", "a.log.1": "one"}


def test_no_link_is_followed_out_of_rays_folder(logs: Path, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "keys").write_text("s3cr3t")
    (logs / "file").symlink_to(tmp_path / "secret" / "keys")
    (logs / "folder").symlink_to(tmp_path / "secret")
    (tmp_path / "ray" / "session_2").symlink_to(tmp_path / "secret")
    os.mkfifo(logs / "pipe")
    (logs / "a.log").write_text("a")
    round_of(logs, kept)
    assert names(kept.parent) == {f"{SESSION}/a.log": "a"}


@pytest.fixture
def running(logs: Path, kept: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts the program as a pod does."""
    started: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> "subprocess.Popen[str]":
        place = {
            "SHOAL_LOGS_KIND": "folder",
            "SHOAL_LOGS_FROM": str(logs.parents[1]),
            "SHOAL_LOGS_TO": str(kept.parent),
        }
        command = [sys.executable, "-I", "-c", getsource(keeper)]
        started.append(subprocess.Popen(command, env={**place, **environment}, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def eventually(holds: Callable[[], Any]) -> None:
    """It holds within 20 s."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_last_lines_are_kept_when_the_pod_ends(running: Any, logs: Path, kept: Path) -> None:
    (logs / "a.log").write_text("begins\n")
    process = running()
    eventually(lambda: names(kept) == {"a.log": "begins\n"})
    with (logs / "a.log").open("a") as file:
        file.write("ends\n")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert names(kept) == {"a.log": "begins\nends\n"}


def test_a_volume_that_can_not_be_written_is_told_once_and_tried_again(running: Any, logs: Path, kept: Path) -> None:
    (logs / "a.log").write_text("a")
    kept.parents[1].write_text("a file is where the volume would be")
    process = running()
    assert "logs are not kept" in process.stderr.readline()
    kept.parents[1].unlink()
    eventually(lambda: names(kept) == {"a.log": "a"})


def test_nothing_of_it_is_taken_for_a_variable_by_kubernetes() -> None:
    assert "$(" not in getsource(keeper)
    assert len(getsource(keeper)) < 16_000
