"""What a person sees of `python -m lab`."""

import os
from pathlib import Path

import pytest

from lab.__main__ import main
from lab.modules import MODULES


@pytest.fixture(autouse=True)
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOAL_KUBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SHOAL_KUBE_RUN", str(tmp_path / "run"))


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["lab", *arguments])
    return main()


@pytest.mark.parametrize("verb", ["deps", "node", "ray-image"])
def test_a_verb_that_needs_root_says_so(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert call(monkeypatch, verb) == 3
    assert capsys.readouterr().err.startswith(f"lab: `{verb}` needs root\n")


@pytest.mark.parametrize(("verb", "code", "said"), [("up", 3, "etcd is not built"), ("kwok", 1, "the lab is not up")])
def test_a_verb_that_comes_too_early_names_the_one_before(
    verb: str, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, verb) == code
    err = capsys.readouterr().err
    assert err.startswith(f"lab: {said}\n  run: python -m lab ")


def test_down_without_a_lab_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, "down") == 0


def test_status_says_what_is_not_built(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "status") == 0
    out = capsys.readouterr().out
    assert out.count(" not built\n") == len(MODULES)
    assert "nothing runs" in out


def test_env_of_no_lab_says_how_to_make_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "env") == 1
    assert "run: python -m lab up" in capsys.readouterr().err
