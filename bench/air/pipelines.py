"""Breast cancer, from a file to predictions: by shoal.air, by Ray 2.60 as documented, by pandas and xgboost."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROUNDS = 20
PARAMS: Mapping[str, Any] = {"objective": "binary:logistic", "eval_metric": "logloss"}
SCALED = ["mean_radius", "mean_texture"]


def write_rows(folder: Path) -> str:
    """The data as a Parquet file; its path."""
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame
    frame.columns = [name.replace(" ", "_") for name in frame.columns]
    frame.to_parquet(folder / "rows.parquet")
    return str(folder / "rows.parquet")


def by_air(path: str) -> int:
    """By shoal.air; how many rows were predicted for."""
    from shoal import air

    train, valid = air.read_parquet(path).train_test_split(0.3, seed=0)
    checkpoint = trainer(train, valid).fit().checkpoint
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = air.load(checkpoint.save(f"{folder}/model"))
    return len(air.BatchPredictor(checkpoint).predict(valid).to_pandas())


def trainer(train: Any, valid: Any) -> Any:
    """The trainer of `by_air`."""
    from shoal import air

    return air.XGBoostTrainer(
        label_column="target",
        num_boost_round=ROUNDS,
        params=PARAMS,
        preprocessor=air.StandardScaler(columns=SCALED),
        datasets={"train": train, "valid": valid},
    )


def by_pandas(path: str) -> int:
    """By pandas and xgboost alone; how many rows were predicted for."""
    import pandas as pd
    import xgboost
    from sklearn.model_selection import train_test_split

    train, valid = train_test_split(pd.read_parquet(path), test_size=0.3, random_state=0)
    mean, spread = train[SCALED].mean(), train[SCALED].std(ddof=0)
    train = train.assign(**((train[SCALED] - mean) / spread))
    valid = valid.assign(**((valid[SCALED] - mean) / spread))
    booster = raw_fit(train, valid, {})
    with tempfile.TemporaryDirectory() as folder:
        booster.save_model(f"{folder}/model.ubj")
        booster = xgboost.Booster(model_file=f"{folder}/model.ubj")
    return len(booster.predict(xgboost.DMatrix(valid.drop(columns="target"))))


def raw_fit(train: Any, valid: Any, params: Mapping[str, Any]) -> Any:
    """One training without Ray."""
    import xgboost

    parts = {
        name: xgboost.DMatrix(part.drop(columns="target"), part["target"])
        for name, part in (("train", train), ("valid", valid))
    }
    evals = [(matrix, name) for name, matrix in parts.items()]
    return xgboost.train({**PARAMS, **params}, parts["train"], ROUNDS, evals=evals, verbose_eval=False)


def by_ray(path: str) -> int:
    """By Ray Data and Ray Train as their documentation has it; how many rows were predicted for."""
    import ray
    from ray.data.preprocessors import StandardScaler
    from ray.train import RunConfig, ScalingConfig
    from ray.train.xgboost import RayTrainReportCallback, XGBoostTrainer

    train, valid = ray.data.read_parquet(path).train_test_split(0.3, shuffle=True, seed=0)
    scaler = StandardScaler(columns=SCALED).fit(train)
    datasets = {"train": scaler.transform(train), "valid": scaler.transform(valid)}
    with tempfile.TemporaryDirectory() as folder:
        result = XGBoostTrainer(
            _train_loop,
            datasets=datasets,
            scaling_config=ScalingConfig(num_workers=1),
            run_config=RunConfig(storage_path=folder),
        ).fit()
        booster = RayTrainReportCallback.get_model(result.checkpoint)
    predicted = datasets["valid"].map_batches(
        _Predicting,
        fn_constructor_args=(booster,),
        batch_format="pandas",
        compute=ray.data.ActorPoolStrategy(size=1),
    )
    return len(predicted.to_pandas())


def _train_loop() -> None:
    import ray.train
    import xgboost
    from ray.train.xgboost import RayTrainReportCallback

    parts = {}
    for name in ("train", "valid"):
        frame = ray.train.get_dataset_shard(name).materialize().to_pandas()
        parts[name] = xgboost.DMatrix(frame.drop(columns="target"), frame["target"])
    evals = [(matrix, name) for name, matrix in parts.items()]
    report = [RayTrainReportCallback()]
    xgboost.train(dict(PARAMS), parts["train"], ROUNDS, evals=evals, verbose_eval=False, callbacks=report)


class _Predicting:
    """An actor that holds the model."""

    def __init__(self, booster: Any) -> None:
        self.booster = booster

    def __call__(self, frame: Any) -> Any:
        import pandas as pd
        import xgboost

        return pd.DataFrame({"predictions": self.booster.predict(xgboost.DMatrix(frame.drop(columns="target")))})
