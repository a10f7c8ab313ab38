"""Who survived: numbers, words and gaps, preprocessed with the model and served with it.

python titanic.py [passengers.csv, or another file or URL with these columns] [--workers N]
"""

import argparse
import tempfile
from pathlib import Path

from shoal import air

COLUMNS = ["pclass", "sex", "age", "sibsp", "parch", "fare", "embarked"]


def trainer_of(dataset: air.Dataset, workers: int = 1) -> air.XGBoostTrainer:
    train, valid = dataset.select_columns(["survived", *COLUMNS]).train_test_split(0.25, seed=0)
    return air.XGBoostTrainer(
        label_column="survived",
        num_boost_round=100,
        params={"objective": "binary:logistic", "eval_metric": ["logloss", "auc", "error"]},
        preprocessor=air.Chain(
            air.SimpleImputer(columns=["age"], strategy="mean"),
            air.SimpleImputer(columns=["embarked"], strategy="most_frequent"),
            air.OneHotEncoder(columns=["sex", "embarked"]),
        ),
        scaling=air.Scaling(workers=workers),
        datasets={"train": train, "valid": valid},
    )


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data", nargs="?", default=Path(__file__).with_name("passengers.csv"))
    arguments.add_argument("--workers", type=int, default=1)
    given = arguments.parse_args()
    dataset = air.read_csv(given.data)
    trainer = trainer_of(dataset, given.workers)
    result = trainer.fit()
    print("trained:", result.summary())

    space = {"params": {"max_depth": air.randint(1, 9), "eta": air.loguniform(1e-3, 0.3)}}
    best = air.Tuner(trainer, space, metric="valid-logloss", num_samples=20, search="optuna", seed=0).fit().best()
    print("tuned:", best.summary())

    with tempfile.TemporaryDirectory() as folder:
        checkpoint = air.load(best.checkpoint.save(Path(folder) / "model"))
    predictions = air.BatchPredictor(checkpoint).predict(dataset, keep_columns=["alive"])
    print(predictions.to_pandas().head().to_string())

    deployment = air.deploy(checkpoint, name="titanic", route="/titanic").wait()
    print("the same everywhere:", air.verify(checkpoint, trainer.datasets["valid"], deployment=deployment))
    air.undeploy("titanic")


if __name__ == "__main__":
    main()
