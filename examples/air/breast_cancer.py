"""From a table to a served model: trains on scikit-learn's breast cancer data, tunes, predicts, serves.

python breast_cancer.py [--workers N]
"""

import argparse
import json
import tempfile
from urllib.request import Request, urlopen

from sklearn.datasets import load_breast_cancer

from shoal import air


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--workers", type=int, default=1)
    workers = arguments.parse_args().workers
    dataset = air.from_sklearn(load_breast_cancer(as_frame=True))
    train, valid = dataset.train_test_split(0.3, seed=0)

    trainer = air.XGBoostTrainer(
        label_column="target",
        num_boost_round=20,
        params={"objective": "binary:logistic", "eval_metric": ["logloss", "error"]},
        preprocessor=air.StandardScaler(columns=["mean_radius", "mean_texture"]),
        scaling=air.Scaling(workers=workers),
        datasets={"train": train, "valid": valid},
    )
    result = trainer.fit()
    print("trained:", result.summary())

    space = {"params": {"max_depth": air.randint(1, 9), "eta": air.loguniform(1e-2, 0.5)}}
    tuned = air.Tuner(trainer, space, metric="valid-logloss", num_samples=8, seed=0).fit()
    print(tuned.to_pandas().drop(columns=["error"]).to_string())

    with tempfile.TemporaryDirectory() as folder:
        checkpoint = air.load(tuned.best().checkpoint.save(f"{folder}/model"))
    predicted = air.BatchPredictor(checkpoint).predict(valid, keep_columns=["target"]).to_pandas()
    print("right:", f"{((predicted['predictions'] > 0.5) == predicted['target']).mean():.1%} of {len(predicted)} rows")

    deployment = air.deploy(checkpoint, name="breast-cancer").wait()
    rows = valid.drop_columns(["target"]).take(2)
    asked = Request(deployment.url, json.dumps(rows).encode())
    print("served:", json.load(urlopen(asked)))
    print("the same everywhere:", air.verify(checkpoint, valid, deployment=deployment))
    air.undeploy("breast-cancer")


if __name__ == "__main__":
    main()
