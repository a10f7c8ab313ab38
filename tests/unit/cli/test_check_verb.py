"""`shoal check` as a filter, and codes that it doesn't know."""

import io
import sys

import pytest

from shoal.cli.main import run

MANIFEST = """\
apiVersion: ray.io/v1alpha1  # the old one
kind: RayCluster
metadata: {name: small}
spec:
  headGroupSpec:
    template: {spec: {containers: [{name: ray}]}}
"""


def given(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``text`` be what stands on standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_a_mended_text_alone_goes_to_stdout_and_what_is_left_to_find_to_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(MANIFEST, monkeypatch)
    assert run(["check", "--fix", "-"]) == 0
    printed = capsys.readouterr()
    assert printed.out == MANIFEST.replace("v1alpha1", "v1")
    assert "[L101]" in printed.err


def test_a_text_that_needs_no_mending_comes_through_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(MANIFEST, monkeypatch)
    assert run(["check", "--fix", "--ignore", "L131", "-"]) == 0
    assert capsys.readouterr().out == MANIFEST


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_a_beginning_that_fits_no_code_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", option, "L1,L2", "any.yaml"]) == 2
    assert "no code begins with 'L1,L2'" in capsys.readouterr().err


def test_codes_may_be_written_in_small_letters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(MANIFEST, monkeypatch)
    assert run(["check", "--select", "l131", "-o", "github", "-"]) == 0
    assert "title=L131" in capsys.readouterr().out
