"""What `shoal operator install`, `preflight` and `uninstall` say, without any API server."""

import json
from pathlib import Path

import pytest
import yaml

from shoal.cli.main import run
from shoal.cli.operator_preflight import table
from shoal.cli.operator_uninstall import told
from shoal.install.check import fail, ok
from shoal.install.manifests import definitions, operator
from shoal.install.options import Options
from shoal.runtime.installation.uninstall import Left


def test_a_dry_run_prints_every_manifest_and_asks_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["operator", "install", "--dry-run", "--kubeconfig", "/no/such/file"]) == 0
    printed = list(yaml.load_all(capsys.readouterr().out, yaml.CSafeLoader))
    assert printed == [*definitions(), *operator(Options())]


def test_options_reach_the_manifests(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["--namespace", "ops", "--profile", "compat", "--watch-namespace", "b", "--watch-namespace", "a"]
    assert run(["operator", "install", "--dry-run", "-o", "json", *chosen, "--image", "x:1", "--replicas", "2"]) == 0
    expected = [*definitions(), *operator(Options("ops", "compat", ("a", "b"), "x:1", 2))]
    assert json.loads(capsys.readouterr().out)["items"] == expected


@pytest.mark.parametrize("name", ["Bad", "a_b", "-a", "a.b", "a" * 64, ""])
def test_what_can_be_no_namespace_is_a_usage_error(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["operator", "install", "--dry-run", "--namespace", name]) == 2
    assert "is no name of a namespace" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["install", "--dry-run"], ["run"]])
def test_a_list_with_commas_is_told_how_to_be_written(verb: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["operator", *verb, "--watch-namespace", "a,b"]) == 2
    assert "'a,b' is no name of a namespace: name one, and repeat the option" in capsys.readouterr().err


def test_a_server_that_does_not_answer_is_a_failed_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))
    assert run(["operator", "preflight", "--kubeconfig", str(file)]) == 1
    said = capsys.readouterr().out
    assert "fail" in said
    assert "next: see that `kubectl version` answers" in said
    assert said.count("kubectl") == 1, "one next step is enough"


def test_the_table_has_the_next_step_below_its_line() -> None:
    lines = table((ok("server", "fine"), fail("quota", "none\nleft", "raise it"))).splitlines()
    assert [line.split() for line in lines] == [
        ["CHECK", "LEVEL", "SAYS"],
        ["server", "ok", "fine"],
        ["quota", "fail", "none", "left"],
        ["next:", "raise", "it"],
    ]
    assert lines[3].index("next") == lines[2].index("none")


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (Left(), []),
        (Left(clusters=2), ["kept: 2 RayClusters"]),
        (Left(clusters=None), ["you may not list them"]),
        (Left(clusters=1, held=("a/b",)), ["kept: 1 RayCluster;", "until an operator runs again: a/b"]),
        (Left(("x.ray.io",), "ops"), ["kept: the definitions x.ray.io", "kept: namespace ops"]),
    ],
)
def test_uninstall_tells_what_stays(left: Left, expected: list[str]) -> None:
    lines = list(told(left, "ops", anything=True))
    assert len(lines) == len(expected)
    assert [words for words, line in zip(expected, lines, strict=True) if words not in line] == []
