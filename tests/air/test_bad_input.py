"""Bad input is told in one message that names the column, the row or the setting."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from air.passengers import passengers
from shoal import air

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.usefixtures("ray_here")]
CASES = yaml.safe_load((Path(__file__).parents[1] / "cases/air/bad_input.yaml").read_text())


def fit(change: str) -> None:
    """Train on passengers after ``change``."""
    import numpy as np
    import pandas as pd

    frame = passengers(50)
    preprocessor = air.Chain(
        air.SimpleImputer(columns=["embarked"], strategy="most_frequent"),
        air.OneHotEncoder(columns=["sex", "embarked"]),
    )
    params = {"objective": "binary:logistic"}
    scope: dict[str, Any] = {"frame": frame, "air": air, "np": np, "pd": pd}
    scope["given"] = given = {"label_column": "survived", "params": params, "preprocessor": preprocessor}
    exec(change, scope)
    given.setdefault("datasets", {"train": air.from_pandas(scope["frame"])})
    air.XGBoostTrainer(**given).fit()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_it_is_told_in_words(case: dict[str, str]) -> None:
    with pytest.raises(getattr(air, case["error"])) as caught:
        fit(case["change"])
    assert str(caught.value).startswith(case["says"])
    if not case["says"].endswith(": "):
        assert str(caught.value) == case["says"]


def test_without_a_change_it_trains() -> None:
    fit("")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(air.SettingInvalid, match=r"there is no file '.*nowhere.csv'"):
        air.read_csv(tmp_path / "nowhere.csv")


def test_an_empty_file_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(air.DatasetEmpty, match="there is no data"):
        air.read_csv(tmp_path / "empty.csv")
