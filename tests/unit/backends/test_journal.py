"""The journal: whatever happens to it while it is written, what it says is true."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from shoal.backends.local import journal
from shoal.backends.local.journal import (
    JournalDamaged,
    NodeRecord,
    Prepared,
    Record,
    Removing,
    Started,
    Starting,
    Stopped,
    Stopping,
    Wanted,
)
from shoal.testing.specs import cluster_of

SPEC = cluster_of("c", {"w": 1})
LARGER = cluster_of("c", {"w": 2})
PORTS = {"gcs": 6379, "dashboard": 8265, "client": 10001}
HEAD = Starting(SPEC.nodes[0], "l0", 1.0, {"metrics-export-port": 20001})
WORKER = Starting(SPEC.nodes[1], "l1", 2.0, {})
LIFE = (
    Prepared("u", PORTS, SPEC),
    HEAD,
    WORKER,
    Started("l0", 100, 5000),
    Started("l1", 101, 5001),
    Wanted(LARGER),
    Stopping("l1"),
    Stopped("l1"),
    Removing(),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal shall be."""
    return tmp_path / "journal.jsonl"


def test_a_journal_that_is_not_there_says_nothing(path: Path) -> None:
    assert journal.read(path) is None


def test_events_are_folded_in_order(path: Path) -> None:
    journal.append(path, *LIFE[:6])
    head = NodeRecord(HEAD.node, "l0", 1.0, {"metrics-export-port": 20001}, 100, 5000)
    assert journal.read(path) == Record(
        "u", PORTS, LARGER, {"l0": head, "l1": NodeRecord(WORKER.node, "l1", 2.0, {}, 101, 5001)}
    )
    journal.append(path, LIFE[6])
    assert _record(path).nodes["l1"].stopping
    journal.append(path, *LIFE[7:])
    record = _record(path)
    assert record.nodes == {"l0": head}
    assert record.removing


def test_its_file_is_its_owners_alone(path: Path) -> None:
    journal.append(path, LIFE[0])
    assert oct(path.stat().st_mode & 0o777) == "0o600"


def test_every_beginning_of_a_journal_can_be_read_and_continued(path: Path) -> None:
    journal.append(path, *LIFE)
    whole = path.read_bytes()
    ends = [index for index in range(len(whole)) if whole[index : index + 1] == b"\n"]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        complete = sum(end < length for end in ends)
        assert journal.read(path) == _folded(path.with_name("other"), LIFE[:complete])
        if length % 7 == 0:
            journal.append(path, LIFE[0])
            assert journal.read(path) == Record("u", PORTS, SPEC)
            assert path.read_bytes().count(b"\n") == complete + 1


def test_a_half_last_line_is_cut_off_by_the_next_append(path: Path) -> None:
    journal.append(path, LIFE[0])
    with path.open("ab") as file:
        file.write(b'{"type":"Removing"')
    assert not _record(path).removing
    journal.append(path, HEAD)
    assert list(_record(path).nodes) == ["l0"]


def test_zeroes_that_a_power_cut_left_at_the_end_are_no_damage(path: Path) -> None:
    journal.append(path, LIFE[0], HEAD)
    with path.open("ab") as file:
        file.write(b"\0" * 4096)
    assert list(_record(path).nodes) == ["l0"]


@pytest.mark.parametrize(
    "line",
    [b"not json", b'{"type":"Exploded"}', b'{"type":"Stopped"}', b'{"type":"Stopping","launch":"?"}', b"", b"\xff"],
)
def test_a_whole_line_that_can_not_be_understood_is_damage_with_its_place(path: Path, line: bytes) -> None:
    journal.append(path, LIFE[0])
    with path.open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(JournalDamaged) as damage:
        journal.read(path)
    assert damage.value.where == f"{path}:2"
    assert damage.value.next_step


@pytest.mark.parametrize("refused", ["pwrite", "fsync"])
def test_what_a_full_disk_refuses_counts_not_even_in_part(
    path: Path, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(path, LIFE[0])
    before = path.read_bytes()
    write = os.pwrite

    def full(descriptor: int, data: bytes = b"", offset: int = 0) -> int:
        if data:
            write(descriptor, data[:-5], offset)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, refused, full)
        with pytest.raises(OSError, match="No space left"):
            journal.append(path, HEAD, WORKER)
    assert path.read_bytes() == before
    journal.append(path, HEAD)
    assert list(_record(path).nodes) == ["l0"]


def _record(path: Path) -> Record:
    record = journal.read(path)
    assert record is not None
    return record


def _folded(path: Path, events: Sequence[journal.Event]) -> Record | None:
    path.unlink(missing_ok=True)
    journal.append(path, *events)
    return journal.read(path)
