"""logs, on files that only seem to be written by Ray."""

import json
import os
from io import BytesIO
from pathlib import Path

import pytest

from shoal.backends.local import paths, reading
from shoal.backends.local.backend import LocalBackend
from shoal.backends.logs import LogFile, LogReplaced
from shoal.cli.log_lines import CHUNK_BYTES, Readers, start_of_last
from shoal.cli.main import run

Capture = pytest.CaptureFixture[str]


def logs_of(cluster: Path, launch: str = "aaaaaa") -> Path:
    return cluster / launch / "session_latest" / "logs"


def keep(life: str, node_and_launch: str, age: int, **files: str) -> None:
    """Files in the archive, as if kept ``age`` seconds ago."""
    folder = paths.archive_home("demo") / life / node_and_launch
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"{name}.log").write_text(text)
    moment = 1_700_000_000 - age
    os.utime(folder, (moment, moment))


def test_by_default_the_heads_most_telling_files_are_shown_each_line_with_its_file(
    cluster: Path, capsys: Capture
) -> None:
    (logs_of(cluster) / "raylet.err").write_text("F1\nF2")
    (logs_of(cluster) / "raylet.out").write_text("statistics\n")
    (logs_of(cluster) / "job-driver-raysubmit_1.log").write_text("".join(f"line {n}\n" for n in range(20)))
    os.utime(cluster / "aaaaaa/start.log", (1, 1))
    os.utime(logs_of(cluster) / "raylet.err", (2, 2))
    assert run(["logs", "demo"]) == 0
    out, err = capsys.readouterr()
    log = "".join(f"job-driver-raysubmit_1.log: line {n}\n" for n in range(10, 20))
    assert out == f"start.log: aaaaaa starts\nraylet.err: F1\nraylet.err: F2\n{log}"
    assert "--list" in err


def test_one_file_is_given_whole_and_as_it_is(cluster: Path, capsys: Capture) -> None:
    (logs_of(cluster) / "raylet.out").write_text("".join(f"{n}\n" for n in range(100)))
    assert run(["logs", "demo", "--file", "raylet.out"]) == 0
    assert capsys.readouterr().out == (logs_of(cluster) / "raylet.out").read_text()
    assert run(["logs", "demo", "--file", "raylet.out", "--tail", "2"]) == 0
    assert capsys.readouterr().out == "98\n99\n"


def test_a_node_is_named_and_a_wrong_name_gives_the_nearest(cluster: Path, capsys: Capture) -> None:
    assert run(["logs", "demo", "--node", "small-group-0", "--file", "start.log"]) == 0
    assert capsys.readouterr().out == "bbbbbb starts\n"
    assert run(["logs", "demo", "--node", "small-group-1"]) == 2
    assert "did you mean 'small-group-0'?" in capsys.readouterr().err


def test_files_are_listed_and_a_wrong_name_gives_the_nearest(cluster: Path, capsys: Capture) -> None:
    (logs_of(cluster) / "events").mkdir()
    (logs_of(cluster) / "events/event_GCS.log").write_text("12345")
    assert run(["logs", "demo", "--list", "-o", "json"]) == 0
    listed = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert listed.keys() == {"start.log", "events/event_GCS.log"}
    assert (listed["events/event_GCS.log"]["size"], listed["events/event_GCS.log"]["node"]) == (5, "head")
    assert run(["logs", "demo", "--file", "event/event_GCS.log"]) == 2
    assert "error[E513]" in (err := capsys.readouterr().err)
    assert "did you mean 'events/event_GCS.log'?" in err


def test_nothing_outside_the_log_folder_is_shown(cluster: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "secret").write_text("a secret\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/secret").write_text("a secret\n")
    (logs_of(cluster) / "link.log").symlink_to(tmp_path / "secret")
    (logs_of(cluster) / "folder").symlink_to(tmp_path / "folder")
    os.mkfifo(logs_of(cluster) / "pipe.log")
    for pattern in ("*", "link.log", "../../../../../secret", str(tmp_path / "secret"), "folder/secret", "pipe.log"):
        run(["logs", "demo", "--file", pattern])
        out, _ = capsys.readouterr()
        assert "a secret" not in out
        assert out in ("", "aaaaaa starts\n")


def test_a_log_folder_that_leads_out_of_the_node_is_not_read(cluster: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere/logs").mkdir(parents=True)
    (tmp_path / "elsewhere/logs/secret").write_text("a secret")
    (cluster / "aaaaaa/session_latest").unlink()
    (cluster / "aaaaaa/session_latest").symlink_to(tmp_path / "elsewhere")
    assert [file.name for file in LocalBackend().log_files("demo")] == ["start.log"]


def test_a_file_that_took_the_name_of_a_listed_one_is_not_opened(cluster: Path, tmp_path: Path) -> None:
    (logs_of(cluster) / "a.log").write_text("listed")
    (listed,) = [file for file in LocalBackend().log_files("demo") if file.name == "a.log"]
    (logs_of(cluster) / "a.log").rename(logs_of(cluster) / "a.log.1")
    for successor in (None, "file", "link"):
        if successor == "file":
            (logs_of(cluster) / "a.log").write_text("successor")
        if successor == "link":
            (logs_of(cluster) / "a.log").unlink()
            (logs_of(cluster) / "a.log").symlink_to("a.log.1")
        with pytest.raises(LogReplaced):
            reading.open_log(listed)


def test_dead_reads_the_last_start_of_a_node_in_the_newest_life(home: Path, capsys: Capture) -> None:
    keep("life1", "head-aaaaaa", 300, start="oldest\n")
    keep("life2", "head-bbbbbb", 200, start="newest life, first start\n")
    keep("life2", "head-cccccc", 100, start="newest\n")
    keep("life2", "small-group-0-dddddd", 150, start="worker\n")
    assert run(["logs", "demo", "--dead", "--file", "start.log"]) == 0
    assert capsys.readouterr().out == "newest\n"
    assert run(["logs", "demo", "--dead", "--node", "small-group-0", "--file", "start.log"]) == 0
    assert capsys.readouterr().out == "worker\n"


@pytest.mark.parametrize("name", ["dema", "..", "../logs/demo", ".", ""])
def test_dead_knows_only_names_of_which_logs_were_kept(home: Path, capsys: Capture, name: str) -> None:
    keep("life1", "head-aaaaaa", 1, start="x\n")
    assert run(["logs", name, "--dead"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert name != "dema" or "did you mean 'demo'?" in err


def test_an_unknown_cluster_points_to_the_dead(home: Path, capsys: Capture) -> None:
    assert run(["logs", "demo"]) == 2
    assert "--dead" in capsys.readouterr().err
    assert run(["logs", "demo", "--dead", "--follow"]) == 2


def readers(folder: Path, sink: BytesIO) -> tuple[Readers, list[LogFile]]:
    return Readers(reading.open_log, sink, alone=False), list(reading._below("head", folder))


def test_following_survives_rotation_without_loss_or_repetition(tmp_path: Path) -> None:
    sink, log = BytesIO(), tmp_path / "a.log"

    def shown() -> bytes:
        following.show([file for file in reading._below("head", tmp_path) if file.name.startswith("a.log")])
        return sink.getvalue()

    log.write_text("1\n2\n")
    following, files = readers(tmp_path, sink)
    with following:
        following.show(files, 1)
        writer = log.open("a")
        print("3", file=writer, flush=True)
        assert shown() == b"a.log: 2\na.log: 3\n"
        print("4\nhalf a", end="", file=writer, flush=True)
        log.rename(tmp_path / "a.log.1")
        print(" line", file=writer, flush=True)
        log.write_text("5\n")
        assert shown() == b"a.log: 2\na.log: 3\na.log: 4\na.log: half a line\na.log: 5\n"
        (tmp_path / "a.log.1").rename(tmp_path / "b.log")
        log.write_text("5\n6")
        assert shown().endswith(b"a.log: 5\n")
    assert sink.getvalue().endswith(b"a.log: 5\na.log: 6\n")


def test_following_ends_when_the_cluster_is_gone(
    cluster: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def time_passes(seconds: float) -> None:
        with (logs_of(cluster) / "raylet.err").open("a") as log:
            log.write("last words\n")
        if "last words" in (logs_of(cluster) / "raylet.err").read_text():
            (paths.cluster_folder("demo") / "journal.jsonl").unlink()

    (logs_of(cluster) / "raylet.err").touch()
    monkeypatch.setattr("time.sleep", time_passes)
    assert run(["logs", "demo", "--follow", "--file", "raylet.err"]) == 0
    out, err = capsys.readouterr()
    assert out == "raylet.err: last words\n"
    assert "shoal logs demo --dead" in err


@pytest.mark.parametrize("text", ["", "\n", "a", "a\n", "a\nb", "a\nb\n", "\n\n", "x" * CHUNK_BYTES + "\nb\n"])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_last_lines_are_those_that_splitlines_would_give(text: str, count: int) -> None:
    stream = BytesIO(text.encode())
    expected = text.splitlines(keepends=True)[-count:] if count else []
    assert text[start_of_last(stream, count) :] == "".join(expected)
