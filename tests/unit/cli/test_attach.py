"""attach and completion."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoal.backends.base import Port
from shoal.backends.local.backend import LocalBackend
from shoal.cli.attach import PROMPT, reachable
from shoal.cli.main import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_each_port_is_named_with_where_it_is_and_whether_anything_listens(listening: int) -> None:
    ports = [Port(8265, "dashboard", f"http://127.0.0.1:{listening}"), Port(10001, "client", "ray://127.0.0.1:1")]
    assert reachable([*ports, Port(1, "", "127.0.0.1:1")]) == [
        f"port 8265 (dashboard) is at http://127.0.0.1:{listening}",
        "port 10001 (client) is at ray://127.0.0.1:1, where nothing listens now",
        "port 1 is at 127.0.0.1:1, where nothing listens now",
    ]


def test_a_port_of_the_spec_is_where_the_cluster_really_has_it(cluster: Path) -> None:
    with LocalBackend().ports("demo", [8265, 9]) as found:
        assert found == (Port(8265, "dashboard", "http://127.0.0.1:20002"), Port(9, "", "127.0.0.1:9"))


def test_a_head_that_does_not_run_is_not_attached_to(cluster: Path, capsys: Capture) -> None:
    assert run(["attach", "demo"]) == 1
    err = capsys.readouterr().err
    assert "error[E503]: demo: its head does not run" in err
    assert "shoal status demo" in err


def test_the_prompt_tells_the_cluster_once_and_runs_nothing_in_its_name() -> None:
    line = f"PS1='$ '; for i in 1 2; do {PROMPT}; done; printf %s \"${{PS1@P}}\""
    environment = {"PATH": os.environ["PATH"], "RAY_CLUSTER_NAME": "a $(echo b)"}
    shown = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, text=True, check=True).stdout
    assert shown == "(a $(echo b)) $ "


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_of_each_shell_is_printed(shell: str, capsys: Capture) -> None:
    assert run(["completion", shell]) == 0
    assert "_SHOAL_COMPLETE" in capsys.readouterr().out


def test_the_shell_of_the_person_is_taken_and_one_without_completion_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert run(["completion"]) == 0
    assert "--no-files --command shoal" in capsys.readouterr().out
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert run(["completion"]) == 2
    assert "no completion for the shell 'tcsh'" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["logs", "job stop", "rsync-up", "connect", "submit"])
def test_names_of_live_clusters_complete(cluster: Path, verb: str) -> None:
    words = f"shoal {verb} de"
    environment = os.environ | {
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
        "_SHOAL_COMPLETE": "bash_complete",
    }
    entry = "import sys; from shoal.cli.main import main; sys.argv[0] = 'shoal'; main()"
    ended = subprocess.run([sys.executable, "-c", entry], env=environment, capture_output=True, text=True)
    assert ended.stdout == "plain,demo\n"


def test_ids_of_jobs_do_not_complete_when_the_head_is_down_and_nothing_is_said(cluster: Path) -> None:
    environment = os.environ | {
        "COMP_WORDS": "shoal job stop demo x",
        "COMP_CWORD": "4",
        "_SHOAL_COMPLETE": "bash_complete",
    }
    entry = "import sys; from shoal.cli.main import main; sys.argv[0] = 'shoal'; main()"
    ended = subprocess.run([sys.executable, "-c", entry], env=environment, capture_output=True, text=True)
    assert (ended.stdout.strip(), ended.stderr) == ("", "")
