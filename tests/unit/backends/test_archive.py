"""Logs of nodes that are gone: kept, cut and pruned."""

import os
from pathlib import Path

import pytest

from shoal.backends.local import archive, paths
from shoal.backends.local.journal import NodeRecord
from shoal.desired.cluster import DesiredNode, Role

NODE = NodeRecord(DesiredNode("w-0", Role.WORKER, "w", {}), "launch", 0.0, {})


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The node's folder, with logs in it."""
    monkeypatch.setattr(paths, "runtime_folder", lambda uid: tmp_path / "run" / uid)
    folder = tmp_path / "run" / "uid" / "launch"
    logs = folder / "session_1" / "logs"
    (logs / "events").mkdir(parents=True)
    (folder / "session_latest").symlink_to("session_1")
    (logs / "raylet.out").write_text("raylet")
    (logs / "events" / "event.log").write_text("event")
    (logs / "link").symlink_to("/etc/passwd")
    (folder / "start.log").write_text("started")
    return folder


def test_logs_are_moved_whole_and_links_are_not_followed(runtime: Path) -> None:
    archive.keep_logs("c", "uid", NODE)
    kept = archive.archived_folder("c", "uid", NODE)
    files = {str(path.relative_to(kept)): path.read_text() for path in kept.rglob("*") if path.is_file()}
    assert files == {"raylet.out": "raylet", "events/event.log": "event", "start.log": "started"}
    assert not (runtime / "session_1" / "logs" / "raylet.out").exists()


def test_what_is_kept_is_its_owners_alone(runtime: Path) -> None:
    os.umask(0o022)
    archive.keep_logs("c", "uid", NODE)
    home = paths.archive_home("c")
    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    assert {oct(folder.stat().st_mode & 0o777) for folder in folders} == {"0o700"}


def test_keeping_again_after_a_crash_adds_what_was_missing(runtime: Path) -> None:
    archive.keep_logs("c", "uid", NODE)
    (runtime / "session_1" / "logs" / "late.out").write_text("late")
    (runtime / "start.log").write_text("started, more")
    archive.keep_logs("c", "uid", NODE)
    kept = archive.archived_folder("c", "uid", NODE)
    assert (kept / "late.out").read_text() == "late"
    assert (kept / "raylet.out").read_text() == "raylet"
    assert (kept / "start.log").read_text() == "started, more"


def test_a_node_without_logs_is_no_error(runtime: Path) -> None:
    missing = NodeRecord(NODE.node, "never-ran", 0.0, {})
    archive.keep_logs("c", "uid", missing)
    assert not archive.archived_folder("c", "uid", missing).exists()


def test_of_a_huge_file_the_end_is_kept(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FILE_CAP_BYTES", 10)
    (runtime / "start.log").write_text("0123456789abcdef")
    archive.keep_logs("c", "uid", NODE)
    text = (archive.archived_folder("c", "uid", NODE) / "start.log").read_text()
    assert text.endswith("]\n6789abcdef")
    assert "first 6 bytes" in text


def test_a_nodes_name_can_not_lead_out_of_the_archive() -> None:
    hostile = NodeRecord(DesiredNode("../../../x-0", Role.WORKER, "../../../x", {}), "launch", 0.0, {})
    folder = archive.archived_folder("c", "uid", hostile)
    assert folder.resolve().parent == (paths.archive_home("c") / "uid").resolve()


def test_pruning_deletes_the_oldest_until_the_rest_fits(tmp_path: Path) -> None:
    home = tmp_path / "logs"
    for age, name in enumerate(["life-2/new", "life-2/older", "life-1/oldest"]):
        folder = home / name
        folder.mkdir(parents=True)
        (folder / "log").write_bytes(b"x" * 100)
        os.utime(folder, (1000 - age, 1000 - age))
    archive.prune(home, 300)
    assert len(list(home.glob("*/*"))) == 3
    archive.prune(home, 299)
    assert sorted(path.name for path in home.glob("*/*")) == ["new", "older"]
    assert not (home / "life-1").exists(), "an empty folder was left"
    archive.prune(home, 0)
    assert list(home.iterdir()) == []
    archive.prune(home / "nowhere", 0)
