"""Who survived: numbers, words and gaps, preprocessed with the model and served with it.

python titanic.py [passengers.csv, or another file or URL with these columns]
"""

import sys
import tempfile
from pathlib import Path

from shoal import air

COLUMNS = ["pclass", "sex", "age", "sibsp", "parch", "fare", "embarked"]


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("passengers.csv")
    dataset = air.read_csv(path)
    train, valid = dataset.select_columns(["survived", *COLUMNS]).train_test_split(0.25, seed=0)

    trainer = air.XGBoostTrainer(
        label_column="survived",
        num_boost_round=100,
        params={"objective": "binary:logistic", "eval_metric": ["logloss", "auc", "error"]},
        preprocessor=air.Chain(
            air.SimpleImputer(columns=["age"], strategy="mean"),
            air.SimpleImputer(columns=["embarked"], strategy="most_frequent"),
            air.OneHotEncoder(columns=["sex", "embarked"]),
        ),
        scaling=air.Scaling(workers=1),
        datasets={"train": train, "valid": valid},
    )
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
    print("the same everywhere:", air.verify(checkpoint, valid, deployment=deployment))
    air.undeploy("titanic")


if __name__ == "__main__":
    main()
