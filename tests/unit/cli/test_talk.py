"""What is said to people, and to those who went away."""

import codecs
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from shoal.cli.console import Console, render
from shoal.cli.failure import report
from shoal.cli.main import run
from shoal.errors import HeadNotRunning

EXAMPLE = str(Path(__file__).parents[3] / "examples/raycluster-complete.yaml")


@pytest.mark.parametrize(
    "arguments", [["-q", "convert", EXAMPLE], ["convert", "-q", EXAMPLE], ["convert", EXAMPLE, "--quiet"]]
)
def test_quiet_may_stand_before_the_verb_and_after_it(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 0
    assert capsys.readouterr().err == ""


def test_an_error_that_knows_no_next_step_leads_to_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(HeadNotRunning("its head does not run", where="demo")) == 1
    said = capsys.readouterr().err.splitlines()
    assert said == ["error[E503]: demo: its head does not run", "  next: see what `shoal explain E503` says"]


def test_work_goes_on_when_no_one_listens_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "wb", buffering=0) as gone:
        monkeypatch.setattr(sys, "stderr", os.fdopen(os.dup(gone.fileno()), "w", buffering=1, closefd=True))
        Console().say("hello?")
        monkeypatch.undo()


def test_a_number_that_is_not_known_is_null_for_programs_and_nothing_in_a_table() -> None:
    rows: list[dict[str, Any]] = [{"name": "a", "seconds": None}, {"name": "b", "seconds": 1.5}]
    assert '"seconds": null' in render(rows, (), (), "json")
    assert render(rows, ("name", "seconds"), (), "table").splitlines()[1:] == ["a", "b      1.5"]


def test_a_byte_order_mark_stays_when_a_file_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "old.yaml"
    head = "{template: {spec: {containers: [{name: ray}]}}}"
    text = f"kind: RayCluster\nmetadata: {{name: small}}\nspec: {{headGroupSpec: {head}}}\napiVersion: ray.io/"
    file.write_bytes(codecs.BOM_UTF8 + f"{text}v1alpha1\n".encode())
    run(["check", "--fix", str(file)])
    assert file.read_bytes() == codecs.BOM_UTF8 + f"{text}v1\n".encode()
