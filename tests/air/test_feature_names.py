"""Names that XGBoost or LightGBM refuses are the user's everywhere but in the booster."""

from pathlib import Path
from typing import Any

import pytest

from air.passengers import passengers
from shoal import air
from shoal.air.frameworks.xgboost import REFUSED
from shoal.air.names import without_signs

pytestmark = pytest.mark.air


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "b [m]"], ["a", "b _m_"]),
        (["a<1", "a[1", "a_1"], ["a_1_", "a_1__", "a_1"]),
        ([], []),
    ],
)
def test_libraries_are_told_names_that_they_take(names: list[str], told: list[str]) -> None:
    assert without_signs(names, REFUSED) == told


@pytest.mark.ray
@pytest.mark.usefixtures("ray_here")
@pytest.mark.parametrize("trainer", [air.XGBoostTrainer, air.LightGBMTrainer])
def test_a_model_of_such_names_predicts_as_one_of_others(trainer: Any, tmp_path: Path) -> None:
    frame = passengers()[["survived", "pclass", "age", "fare"]]
    named = {"age": 'age<100, "years"', "fare": "größe {fare} [pounds]: a", "pclass": "pclass"}

    def learned(rows: Any) -> air.Result:
        datasets = {"train": air.from_pandas(rows), "valid": air.from_pandas(rows.head(50))}
        made: air.Result = trainer(label_column="survived", datasets=datasets, num_boost_round=5).fit()
        return made

    plain, odd = learned(frame), learned(frame.rename(columns=named))
    assert odd.importance().to_dict() == {named[name]: gain for name, gain in plain.importance().items()}
    kept = air.load(odd.checkpoint.save(tmp_path / "model"))
    rows = frame.rename(columns=named)
    assert kept.predict(rows).equals(plain.checkpoint.predict(frame))
    integers = rows.assign(pclass=1)  # not all floats: by the slower way
    assert kept.predict(integers).equals(plain.checkpoint.predict(frame.assign(pclass=1)))


def test_a_transformer_can_be_cloned() -> None:
    from sklearn.base import clone
    from sklearn.preprocessing import StandardScaler

    columns = ("age", "fare")
    made = clone(air.SklearnTransformer(StandardScaler(with_mean=False), columns))
    assert repr(made) == "SklearnTransformer(StandardScaler(with_mean=False), columns=('age', 'fare'))"
    assert made.set_params(transformer__with_mean=True).transformer.with_mean
