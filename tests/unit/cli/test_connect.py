"""connect: what runs, with which environment, and which Pythons are refused."""

import os
import sys
from pathlib import Path

import pytest

from shoal.cli.main import run
from shoal.engine import versions
from shoal.engine.versions import Versions

Capture = pytest.CaptureFixture[str]
HERE = Versions(".".join(map(str, sys.version_info[:3])), "2.60.0")
OTHER_PYTHON = "2.7.18"


@pytest.fixture
def bin_folder(cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """First on PATH; nothing is really run, and the cluster has what this interpreter has, with Ray 2.60.0."""

    def becomes(program: str, argv: tuple[str, ...], environment: dict[str, str]) -> None:
        raise SystemExit(repr((program, argv, {key: environment.get(key) for key in SHOWN})))

    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(os, "execve", becomes)
    monkeypatch.setattr(versions, "of_cluster", lambda dashboard: HERE)
    return folder


SHOWN = ("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_TOKEN", "KEPT")


def interpreter(folder: Path, python: str, ray: str, name: str = "python3") -> Path:
    """A program that says it is such a Python."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {python} {ray}\n")
    path.chmod(0o755)
    return path


def becomes(*arguments: str) -> tuple[str, tuple[str, ...], dict[str, str | None]]:
    """What connect ends as: program, argv and some of its environment."""
    with pytest.raises(SystemExit) as ended:
        run(["connect", "demo", *arguments])
    result: tuple[str, tuple[str, ...], dict[str, str | None]] = eval(str(ended.value))
    return result


def test_a_command_gets_the_address_and_the_tokens_file_and_keeps_its_own_environment(
    bin_folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "of another cluster")
    monkeypatch.setenv("KEPT", "yes")
    program, argv, environment = becomes("--", "sh", "-c", "echo --x")
    assert (Path(program).name, argv) == ("sh", ("sh", "-c", "echo --x"))
    assert environment == {
        "RAY_ADDRESS": "ray://127.0.0.1:20003",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": f"{home}/.local/state/shoal/clusters/demo/token",
        "RAY_AUTH_TOKEN": None,
        "KEPT": "yes",
    }


def test_a_python_that_fits_runs(bin_folder: Path) -> None:
    path = interpreter(bin_folder, HERE.python, "2.60.0")
    assert becomes("--", "python3", "script.py")[0] == str(path)


def test_another_patch_release_of_python_fits(bin_folder: Path) -> None:
    interpreter(bin_folder, f"{HERE.python_minor}.99", "2.60.0")
    becomes("--", "python3", "script.py")


@pytest.mark.parametrize(
    ("python", "ray", "says", "step"),
    [
        (HERE.python, "2.59.1", "and Ray 2.59.1;", "python3 -m pip install 'ray[client]==2.60.0'"),
        (HERE.python, "", "and no Ray;", "python3 -m pip install 'ray[client]==2.60.0'"),
        (OTHER_PYTHON, "2.60.0", "has Python 2.7.18 and", f"run it with a Python {HERE.python_minor} that has 'ray["),
    ],
)
def test_a_python_that_differs_is_refused_and_told_what_to_change(
    bin_folder: Path, capsys: Capture, python: str, ray: str, says: str, step: str
) -> None:
    path = interpreter(bin_folder, python, ray)
    assert run(["connect", "demo", "--", "python3", "script.py"]) == 2
    err = capsys.readouterr().err
    assert f"error[E501]: {path}: it has Python {python}" in err
    assert says in err
    assert f"demo has Python {HERE.python} and Ray 2.60.0" in err
    assert step in err


@pytest.mark.parametrize("first", ["#!{folder}/python3", "#!/usr/bin/env python3", "#!/usr/bin/env -S python3 -u"])
def test_the_python_of_a_scripts_first_line_is_checked(bin_folder: Path, capsys: Capture, first: str) -> None:
    interpreter(bin_folder, OTHER_PYTHON, "2.60.0")
    script = bin_folder / "tool"
    script.write_text(first.format(folder=bin_folder) + "\nimport ray\n")
    script.chmod(0o755)
    assert run(["connect", "demo", "--", "tool"]) == 2
    assert "error[E501]" in capsys.readouterr().err


def test_who_tells_ray_to_ignore_versions_is_obeyed(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter(bin_folder, OTHER_PYTHON, "2.60.0")
    monkeypatch.setenv("RAY_IGNORE_VERSION_MISMATCH", "1")
    becomes("--", "python3", "script.py")


def test_a_python_that_says_nothing_is_left_to_ray(bin_folder: Path) -> None:
    (bin_folder / "python3").write_text("#!/bin/sh\nexit 1\n")
    (bin_folder / "python3").chmod(0o755)
    becomes("--", "python3", "script.py")


def test_the_own_interpreter_is_not_run_to_learn_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("it was run"))
    found = versions.of_interpreter(Path(sys.executable))
    assert found is not None
    assert found.python == HERE.python


def test_a_program_that_is_not_there_is_said(bin_folder: Path, capsys: Capture) -> None:
    assert run(["connect", "demo", "--", "no-such-program"]) == 2
    assert "error[E502]: there is no program 'no-such-program'" in capsys.readouterr().err
