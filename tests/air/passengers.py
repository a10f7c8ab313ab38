"""A table of the kind that scripts of the toolkit work on: numbers, words, gaps. Made, and the same every time."""

from typing import Any

COLUMNS = ["survived", "pclass", "sex", "age", "fare", "embarked"]


def passengers(rows: int = 400, seed: int = 0) -> Any:
    """Passengers of a ship as a DataFrame; a fifth of the ages and some ports are missing."""
    import numpy as np
    import pandas as pd

    chance = np.random.default_rng(seed)
    sex = chance.choice(["female", "male"], rows)
    pclass = chance.integers(1, 4, rows)
    age = chance.normal(35, 12, rows).clip(1, 80).round(1)
    fare = (100 / pclass + chance.exponential(5, rows)).round(2)
    odds = 1.5 * (sex == "female") - 0.7 * pclass + 0.01 * (40 - age) + 0.8
    survived = (chance.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    age[chance.random(rows) < 0.2] = np.nan
    ports = pd.Series(chance.choice(["C", "Q", "S"], rows, p=[0.2, 0.1, 0.7]))
    ports[chance.random(rows) < 0.01] = None
    columns = {"survived": survived, "pclass": pclass, "sex": sex, "age": age, "fare": fare, "embarked": ports}
    return pd.DataFrame(columns)
