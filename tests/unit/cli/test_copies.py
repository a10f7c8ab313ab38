"""rsync-up and rsync-down, with rsync and without it."""

import sys
from pathlib import Path

import pytest

from shoal.backends.copies import SourceMissing
from shoal.cli.main import run

Capture = pytest.CaptureFixture[str]

# Does what `rsync -a -- SOURCE TARGET` does for a file and for a folder with a slash, and leaves a trace.
RSYNC = f"""#!{sys.executable}
import pathlib, shutil, sys
option, end, source, target = sys.argv[1:]
assert (option, end) == ("-a", "--")
pathlib.Path("{{trace}}").write_text("used")
if source.endswith("/"):
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
else:
    shutil.copy2(source, target)
"""


@pytest.fixture(params=["with rsync", "without rsync"])
def here(request: pytest.FixtureRequest, cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the command: a file, and a folder with a link in it."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    if request.param == "with rsync":
        (binaries / "rsync").write_text(RSYNC.format(trace=tmp_path / "trace"))
        (binaries / "rsync").chmod(0o755)
    monkeypatch.setenv("PATH", str(binaries))
    folder = tmp_path / "here"
    (folder / "d/sub").mkdir(parents=True)
    (folder / "f.txt").write_text("file")
    (folder / "f.txt").chmod(0o700)
    (folder / "d/sub/g.txt").write_text("in a folder")
    (folder / "d/link").symlink_to("sub/g.txt")
    monkeypatch.chdir(folder)
    return folder


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize(
    ("source", "target", "result"),
    [
        ("f.txt", "f.txt", {"f.txt"}),
        ("f.txt", "new/name.txt", {"new/name.txt"}),
        ("f.txt", "new/", {"new/f.txt"}),
        ("f.txt", ".", {"f.txt"}),
        ("d", ".", {"d/sub/g.txt", "d/link"}),
        ("d", "new", {"new/d/sub/g.txt", "new/d/link"}),
        ("d/", "new", {"new/sub/g.txt", "new/link"}),
        (".", "new", {"new/f.txt", "new/d/sub/g.txt", "new/d/link"}),
    ],
)
def test_a_slash_at_the_end_means_what_it_means_to_rsync(
    here: Path, cluster: Path, source: str, target: str, result: set[str]
) -> None:
    before = files(cluster / "aaaaaa")
    assert run(["rsync-up", "demo", source, target]) == 0
    assert files(cluster / "aaaaaa") - before == result
    assert (here.parent / "trace").exists() == (here.parent / "bin/rsync").exists()


def test_what_came_up_comes_down_again_with_mode_and_links(here: Path, cluster: Path, capsys: Capture) -> None:
    run(["rsync-up", "demo", "./", "work"])
    assert capsys.readouterr().err == f"copied to {cluster}/aaaaaa/work\n"
    assert run(["rsync-down", "demo", "work/", "back"]) == 0
    assert files(here / "back") == files(here) - {f"back/{name}" for name in files(here / "back")}
    assert (here / "back/f.txt").stat().st_mode & 0o777 == 0o700
    assert (here / "back/d/link").readlink() == Path("sub/g.txt")


def test_absolute_paths_are_taken_as_they_are(here: Path, tmp_path: Path) -> None:
    assert run(["rsync-up", "demo", str(here / "f.txt"), str(tmp_path / "there.txt")]) == 0
    assert (tmp_path / "there.txt").read_text() == "file"


def test_a_missing_source_gives_the_nearest_name(here: Path, capsys: Capture) -> None:
    assert run(["rsync-up", "demo", "g.txt", "x"]) == 2
    err = capsys.readouterr().err
    assert f"error[E601]: {here}: there is nothing at 'g.txt'" in err
    assert f"did you mean {here}/f.txt?" in err
    assert run(["rsync-down", "demo", "no/such", "x"]) == 2
    assert "/aaaaaa/no does not exist either" in capsys.readouterr().err


def test_a_file_in_the_way_of_a_folder_is_said(here: Path, capsys: Capture) -> None:
    assert run(["rsync-down", "demo", "start.log", "f.txt/x"]) == 1
    assert f"error[E602]: {here}/f.txt/x: copying broke off:" in capsys.readouterr().err


def test_a_folder_is_not_copied_into_itself(here: Path, capsys: Capture) -> None:
    assert run(["rsync-up", "demo", "d/", str(here / "d/sub/copy")]) == 1
    assert "can't be copied into itself" in capsys.readouterr().err
    assert not (here / "d/sub/copy").exists()


def test_what_rsync_says_of_a_failure_is_passed_on(here: Path, capsys: Capture) -> None:
    rsync = here.parent / "bin/rsync"
    rsync.write_text("#!/bin/sh\necho 'rsync: no room' >&2\nexit 11\n")
    rsync.chmod(0o755)
    assert run(["rsync-up", "demo", "f.txt", "x"]) == 1
    assert "copying broke off: rsync: no room" in capsys.readouterr().err


def test_an_unknown_cluster_is_said_before_anything_is_copied(home: Path, capsys: Capture) -> None:
    assert run(["rsync-up", "nope", "/etc/hostname", "x"]) == 2
    assert "error[E102]" in capsys.readouterr().err
    assert SourceMissing.exit_code == 2
