"""Packing and unpacking: what comes from a pod is read as if an attacker had written it."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from shoal.backends.kubernetes.remote import pod_side
from shoal.backends.kubernetes.remote.pod_side import Outside, Refused, pack, unpack


def archive(*members: tuple[str, bytes, str]) -> io.BytesIO:
    """A tar of (name, type, content or where a link leads)."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                member.linkname = content
                tar.addfile(member)
            else:
                member.size = len(content)
                member.mode = 0o6777
                tar.addfile(member, io.BytesIO(content.encode()))
    sink.seek(0)
    return sink


FILE, LINK, HARD, FOLDER = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", FILE, "x")],
        [("a/../../evil", FILE, "x")],
        [("/tmp/shoal-evil", FILE, "x")],
        [("a", HARD, "/etc/passwd")],
        [("a", tarfile.FIFOTYPE, "")],
        [("a", tarfile.CHRTYPE, "")],
    ],
    ids=["up", "up from below", "absolute", "hard link", "pipe", "device"],
)
def test_what_would_go_elsewhere_is_refused(members: list[tuple[str, bytes, str]], tmp_path: Path) -> None:
    with pytest.raises(Outside):
        unpack(archive(*members), str(tmp_path / "into"))
    assert not (tmp_path / "evil").exists()


def test_no_file_is_written_through_a_link_of_the_same_archive(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    with pytest.raises(Refused):
        unpack(archive(("d", LINK, str(tmp_path / "victim")), ("d/evil", FILE, "x")), str(tmp_path / "into"))
    assert list((tmp_path / "victim").iterdir()) == []


def test_no_file_is_written_through_a_link_of_an_earlier_archive(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/file").write_text("untouched")
    unpack(archive(("d", LINK, str(tmp_path / "victim"))), str(tmp_path / "into"))
    unpack(archive(("d/file", FILE, "x")), str(tmp_path / "into"))
    assert (tmp_path / "victim/file").read_text() == "untouched"
    assert (tmp_path / "into/d/file").read_text() == "x"


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("untouched")
    (tmp_path / "into").mkdir()
    (tmp_path / "into/file").symlink_to(tmp_path / "victim")
    unpack(archive(("file", FILE, "x")), str(tmp_path / "into"))
    assert (tmp_path / "victim").read_text() == "untouched"


def test_no_file_becomes_one_that_runs_as_somebody_else(tmp_path: Path) -> None:
    unpack(archive(("file", FILE, "x")), str(tmp_path / "into"))
    assert (tmp_path / "into/file").stat().st_mode & 0o7000 == 0


def test_a_copy_that_breaks_off_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into/file").write_text("before")
    whole = archive(("file", FILE, "x" * 100_000)).getvalue()
    with pytest.raises(tarfile.TarError):
        unpack(io.BytesIO(whole[:50_000]), str(tmp_path / "into"))
    assert [path.name for path in (tmp_path / "into").iterdir()] == ["file"]
    assert (tmp_path / "into/file").read_text() == "before"


def test_a_folder_in_the_way_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "into/file").mkdir(parents=True)
    with pytest.raises(Refused, match="a folder is where a file"):
        unpack(archive(("file", FILE, "x")), str(tmp_path / "into"))


def test_a_folder_that_may_not_be_written_is_copied_with_its_mode(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from/file").write_text("x")
    (tmp_path / "from").chmod(0o500)
    sink = io.BytesIO()
    pack(str(tmp_path / "from"), sink)
    sink.seek(0)
    unpack(sink, str(tmp_path / "into"))
    assert (tmp_path / "into").stat().st_mode & 0o777 == 0o500
    (tmp_path / "from").chmod(0o700)
    (tmp_path / "into").chmod(0o700)


def test_what_is_no_file_no_folder_and_no_link_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    os.mkfifo(tmp_path / "from/pipe")
    sink = io.BytesIO()
    pack(str(tmp_path / "from"), sink)
    sink.seek(0)
    with tarfile.open(fileobj=sink) as tar:
        assert tar.getnames() == ["."]


def test_it_is_sent_whole_and_needs_nothing_beside_it() -> None:
    source = Path(pod_side.__file__).read_text()
    assert "import shoal" not in source
    assert "from shoal" not in source
