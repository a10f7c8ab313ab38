"""Building once, and again after an interruption. A script stands for Go."""

from pathlib import Path

import pytest

from lab import shell
from lab.__main__ import main
from lab.build import build, is_missing, program
from lab.errors import LabError, Missing
from lab.modules import ETCD, KUBERAY_TESTS, KWOK, MODULES, Module

GO = """#!/bin/sh
echo "$*" >> "$FAKE_GO/calls"
case "$1" in
  mod) [ ! -e "$FAKE_GO/offline" ] || { echo "dial tcp: no route to host" >&2; exit 1; }
       echo "{\\"Dir\\": \\"$FAKE_GO/source\\"}" ;;
  build) [ ! -e "$FAKE_GO/broken" ] || { echo "it does not compile" >&2; exit 1; }
         while [ "$1" != -o ]; do shift; done
         case "$2" in
           */) for package in "$@"; do case "$package" in */cmd/*) : > "$2${package##*/}" ;; esac; done ;;
           *) : > "$2" ;;
         esac ;;
  test) while [ "$1" != -o ]; do shift; done
        for package in "$@"; do case "$package" in */test/*) : > "$2${package##*/}.test" ;; esac; done ;;
esac
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that steers the script: `offline` and `broken` make it fail; `calls` lists what it was asked."""
    folder = tmp_path / "go"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/go").write_text(GO)
    (folder / "bin/go").chmod(0o755)
    for path in KWOK.copied:
        file = folder / "source" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_GO", str(folder))
    monkeypatch.setenv("SHOAL_KUBE_CACHE", str(tmp_path / "cache"))
    return folder


def calls(go: Path) -> list[str]:
    return (go / "calls").read_text().splitlines()


def test_every_program_is_there_after_a_build(go: Path) -> None:
    build()
    assert [name for module in MODULES for name in module.programs if not program(module, name).is_file()] == []
    assert program(KWOK, "pod-ready.yaml").read_text() == "kustomize/stage/pod/fast/pod-ready.yaml"


def test_tests_are_built_to_be_run_later(go: Path) -> None:
    build((KUBERAY_TESTS,))
    assert [name for name in KUBERAY_TESTS.programs if not program(KUBERAY_TESTS, name).is_file()] == []
    assert [call for call in calls(go) if call.startswith("test -c ")] != []


def test_what_is_built_is_not_built_again(go: Path) -> None:
    build()
    before = calls(go)
    build()
    assert calls(go) == before


def test_a_build_that_fails_leaves_no_module_and_the_next_one_goes_on(go: Path, tmp_path: Path) -> None:
    (go / "broken").touch()
    with pytest.raises(LabError, match="it does not compile"):
        build()
    assert all(map(is_missing, MODULES))
    (go / "broken").unlink()
    build()
    assert sorted(path.name for path in (tmp_path / "cache").iterdir() if path.name != ".lock") == sorted(
        module.key for module in MODULES
    )


def test_without_the_network_something_is_missing_and_nothing_failed(go: Path) -> None:
    (go / "offline").touch()
    with pytest.raises(Missing, match="no route to host"):
        build()


def test_without_go_something_is_missing(
    go: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (go / "bin/go").unlink()
    monkeypatch.setattr(shell, "FURTHER_FOLDERS", ())
    monkeypatch.setattr("sys.argv", ["lab", "build"])
    assert main() == Missing.code
    assert capsys.readouterr().err.startswith("lab: go is not installed\n  install Go")


def test_without_go_nothing_is_missing_once_all_is_built(go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    (go / "bin/go").unlink()
    monkeypatch.setattr(shell, "FURTHER_FOLDERS", ())
    build()


def test_a_module_names_the_version_that_it_pins() -> None:
    assert {module.name: module.version for module in MODULES}["kubernetes"].startswith("1.")
    assert ETCD.version.startswith("3.6.")


def test_another_recipe_is_another_folder_of_the_cache() -> None:
    assert len({module.key for module in MODULES}) == len(MODULES)
    assert Module(ETCD.name, ETCD.path, {"other": "x"}).key != ETCD.key
