"""Old scripts: what is found in them, what becomes of them, and that nothing else is touched."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from air.passengers import passengers
from shoal.air import NotPython, migrate
from shoal.air.migration import Migration
from shoal.air.migration.review import review
from shoal.air.migration.table import names
from shoal.cli.main import run

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases/air/migrate.yaml").read_text())
EVERYTHING = frozenset(name.exported for name in names() if name.exported) | {"report"}
OLD = "from ray.train.xgboost import XGBoostTrainer\n"
NEW = "from shoal.air import XGBoostTrainer\n"

case = pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])


def reviewed(case: dict[str, Any], text: str) -> tuple[list[str], str]:
    """The findings in the words of the cases, and the text."""
    findings, new = review(text, frozenset(case["available"]) if "available" in case else EVERYTHING)
    hand = {True: "by hand: ", False: ""}
    return [f"{found.line}:{found.column} {hand[found.by_hand]}{found.what}" for found in findings], new


def told(findings: list[str]) -> list[str]:
    """The findings without their places, which a rewrite moves; and what was TuneConfig's is Tuner's."""
    return sorted(finding.partition(" ")[2].replace("TuneConfig(", "Tuner(") for finding in findings)


@case
def test_a_script_becomes_what_the_case_says(case: dict[str, Any]) -> None:
    findings, new = reviewed(case, case["before"])
    assert new == case["after"]
    assert findings == case["findings"]


@case
def test_what_is_left_after_a_rewrite_is_for_a_person(case: dict[str, Any]) -> None:
    before = [finding for finding in reviewed(case, case["before"])[0] if "by hand" in finding]
    findings, again = reviewed(case, case["after"])
    assert again == case["after"]
    assert told(findings) == told(before)


@case
def test_the_ends_of_the_lines_stay_what_they_are(case: dict[str, Any]) -> None:
    _, new = reviewed(case, case["before"].replace("\n", "\r\n"))
    assert new == case["after"].replace("\n", "\r\n")


@pytest.mark.air
@pytest.mark.ray
@pytest.mark.usefixtures("ray_here")
@pytest.mark.parametrize("case", [case for case in CASES if case.get("runs")], ids=lambda case: case["name"])
def test_what_a_script_becomes_runs(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passengers().to_csv(tmp_path / "passengers.csv", index=False)
    monkeypatch.chdir(tmp_path)
    made: dict[str, Any] = {}
    exec(case["after"], made)
    assert len(made["study"].to_pandas()) == 3
    assert made["study"].best().metrics["valid-error"] < 0.5


def test_a_script_of_today_is_left_alone() -> None:
    text = "import ray.train\nfrom ray import tune\nray.train.report({'a': tune.randint(1, 9)})\ntune.Tuner(function)\n"
    assert review(text, EVERYTHING) == ((), text)


@pytest.mark.parametrize(
    ("trainers", "becomes"), [("TorchTrainer", "air.report"), ("TorchTrainer, TensorflowTrainer", "ray.train.report")]
)
def test_where_a_function_of_another_trainer_may_report_it_reports_to_ray_train(trainers: str, becomes: str) -> None:
    text = f"from ray.air import session\nfrom ray.train import {trainers}\nsession.report({{'loss': 1}})\n"
    assert review(text, EVERYTHING)[1].endswith(f"\n{becomes}({{'loss': 1}})\n")


def test_a_comment_inside_a_configuration_keeps_it_closed() -> None:
    tuned = "Tuner(x, tune_config=TuneConfig(\n    # few\n    num_samples=2))\n"
    findings, new = review(f"{OLD}from ray.tune import Tuner, TuneConfig\n{tuned}", EVERYTHING)
    assert "# few" in new
    assert any(found.by_hand for found in findings)


def test_an_encoding_and_a_byte_order_mark_are_kept(tmp_path: Path) -> None:
    for encoding, head in (("latin-1", "# -*- coding: latin-1 -*-\n"), ("utf-8-sig", "")):
        script = tmp_path / f"{encoding}.py"
        script.write_bytes(f"{head}{OLD}name = 'Größe'\n".encode(encoding))
        migrate(script, write=True)
        assert script.read_bytes() == f"{head}{NEW}name = 'Größe'\n".encode(encoding)


def test_without_write_the_file_is_left_as_it_is(tmp_path: Path) -> None:
    script = tmp_path / "old.py"
    script.write_text(OLD)
    found = migrate(script)
    assert (found.text, found.written, script.read_text()) == (NEW, False, OLD)
    assert f"{script}:1:31: ray.train.xgboost.XGBoostTrainer is shoal.air.XGBoostTrainer" in str(found)


def test_a_written_file_keeps_its_mode_and_the_link_to_it(tmp_path: Path) -> None:
    script, link = tmp_path / "old.py", tmp_path / "link.py"
    script.write_text(OLD)
    script.chmod(0o750)
    link.symlink_to(script)
    assert migrate(link, write=True).written
    assert link.is_symlink()
    assert (script.read_text(), script.stat().st_mode & 0o777) == (NEW, 0o750)


def test_a_disk_that_fills_up_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "old.py"
    script.write_text(OLD)

    def full(self: Path, code: bytes) -> int:
        with self.open("wb") as file:
            file.write(code[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        migrate(script, write=True)
    assert script.read_text() == OLD
    assert list(tmp_path.glob("*old.py*")) == [script]


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("two.py", b"print 'x'\n", "two.py:1:1: this is no Python: Missing parentheses"),
        ("note.ipynb", b"{}", "note.ipynb: this is a notebook, not a script"),
        ("bytes.py", b"name = '\xff'\n", "bytes.py: this is no text that Python reads"),
        ("nul.py", b"a = 1\0\n", "nul.py"),
        ("deep.py", b"(" * 5000, "deep.py"),
        ("coding.py", b"# coding: klingon\n", "coding.py: this is no text that Python reads"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.endswith(("py", "ipynb")) else "",
)
def test_what_is_no_python_is_said_and_left_alone(tmp_path: Path, name: str, code: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(code)
    with pytest.raises(NotPython) as raised:
        migrate(tmp_path / name, write=True)
    assert told in str(raised.value)
    assert (tmp_path / name).read_bytes() == code


def test_nothing_to_change_is_said() -> None:
    assert repr(Migration(Path("new.py"), (), "")) == "new.py: nothing of AIR 2.2 has to change"


def test_the_command_lists_then_writes_then_says_what_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "old.py"
    script.write_text(OLD)
    assert run(["air", "migrate", str(script)]) == 3
    assert "old.py:1:31: ray.train.xgboost.XGBoostTrainer is" in capsys.readouterr().out
    assert run(["air", "migrate", str(script), "--write"]) == 0
    assert script.read_text() == NEW
    assert run(["air", "migrate", str(script)]) == 0
    assert "nothing of AIR 2.2 has to change" in capsys.readouterr().err


def test_the_command_says_of_a_notebook_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "note.ipynb").write_text("{}")
    assert run(["air", "migrate", str(tmp_path / "note.ipynb")]) == 2
    said = capsys.readouterr().err
    assert "error[A110]" in said
    assert "next: turn it into one: jupyter nbconvert" in said
