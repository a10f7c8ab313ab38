"""The script on the page docs/air.md runs as it stands there."""

import shutil
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("ray_here")]
ROOT = Path(__file__).parents[2]


def test_the_script_goes_from_a_table_to_a_served_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (ROOT / "docs/air.md").read_text().split("```python\n")[1].split("```")[0]
    shutil.copy(ROOT / "examples/air/passengers.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    made: dict[str, Any] = {}
    exec(script, made)
    assert len(made["predictions"].to_pandas()) == len(made["dataset"].to_pandas())
    assert repr(made["result"]).startswith("Result(train-logloss ")
    assert "<table" in made["result"]._repr_html_()
