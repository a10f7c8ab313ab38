"""XGBoost and LightGBM differ as docs/air.md says they do."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("lightgbm", reason="lightgbm is not installed (pip install 'shoal[air]')")

from shoal.air.frameworks.base import Table
from shoal.air.frameworks.lightgbm import LightGBM
from shoal.air.frameworks.xgboost import XGBoost

pytestmark = [pytest.mark.air]

OBJECTIVES = {"xgboost": "binary:logistic", "lightgbm": "binary"}


def test_lightgbm_is_stopped_by_any_data_set_but_train_and_xgboost_by_the_last() -> None:
    rng = np.random.default_rng(0)

    def table(noise: float) -> Table:
        features = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
        return Table(features, (features["a"] + rng.normal(size=200) * noise > 0).to_numpy(int))

    train, noisy, clear = table(1), table(9), table(0.1)

    def rounds(framework: Any, **others: Table) -> int:
        settings = {"params": {"objective": OBJECTIVES[framework.name]}, "early_stopping_rounds": 5}
        learned = framework.learn({"train": train, **others}, settings | {"num_boost_round": 60}, 1)
        return len(next(iter(learned.curves.values())))

    assert rounds(LightGBM()) == 60
    assert rounds(LightGBM(), noisy=noisy, clear=clear) == rounds(LightGBM(), clear=clear, noisy=noisy) < 15
    assert rounds(XGBoost(), clear=clear, noisy=noisy) < rounds(XGBoost(), noisy=noisy, clear=clear)
