"""Five million rows: each side in a process of its own, which is watched from outside.

python -m bench.air.large [--rows N]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.results import machine, write_section

COLUMNS, FILES, ROUNDS, SEED = 30, 10, 20, 0
PARAMS = {"objective": "binary:logistic", "eval_metric": "logloss", "tree_method": "hist", "max_depth": 6}
LOOK_EVERY_S = 0.1
RAY_STARTS_S = 10
MIB = 1024**2


def write_rows(folder: Path, rows: int) -> None:
    """Single-precision numbers, and a label that some of them decide, as Parquet files; two columns nobody asks for."""
    import numpy as np
    import pandas as pd

    folder.mkdir()
    random = np.random.default_rng(SEED)
    for number in range(FILES):
        values = random.standard_normal((rows // FILES, COLUMNS), dtype=np.float32)
        frame = pd.DataFrame(values, columns=[f"x{position}" for position in range(COLUMNS)])
        odds = frame["x0"] + frame["x1"] * frame["x2"] + random.standard_normal(len(frame), dtype=np.float32)
        frame.assign(target=(odds > 0).astype("int8")).to_parquet(folder / f"{number}.parquet", index=False)


def train_raw(folder: str, scaled: bool) -> float:
    """By pandas and xgboost, with the matrix that XGBoost advises for histograms. Seconds."""
    import pandas as pd
    import xgboost

    began = time.perf_counter()
    frame = pd.read_parquet(f"{folder}/rows")
    label = frame.pop("target")
    if scaled:
        frame = (frame - frame.mean()) / frame.std(ddof=0)
    matrix = xgboost.QuantileDMatrix(frame, label)
    del frame
    params = {**PARAMS, "nthread": os.cpu_count()}
    booster = xgboost.train(params, matrix, ROUNDS, evals=[(matrix, "train")], verbose_eval=False)
    took = time.perf_counter() - began
    booster.save_model(f"{folder}/raw.ubj")
    return took


def train_air(folder: str, scaled: bool) -> float:
    """By shoal.air, in a worker that has trained before: imports aren't in the other side's time either. Seconds."""
    import pandas as pd

    from shoal import air

    _ray()
    few = air.from_pandas(pd.DataFrame({"x0": [0.0, 1.0], "target": [0, 1]}))
    air.XGBoostTrainer(label_column="target", num_boost_round=1, params=PARAMS, datasets={"train": few}).fit()
    return _train_air(folder, scaled)


def train_air_first(folder: str, scaled: bool) -> float:
    """By shoal.air, as the first that a Ray has to do: with all imports. Seconds."""
    _ray()
    return _train_air(folder, scaled)


def _train_air(folder: str, scaled: bool) -> float:
    from shoal import air

    names = [f"x{position}" for position in range(COLUMNS)]
    began = time.perf_counter()
    trainer = air.XGBoostTrainer(
        label_column="target",
        num_boost_round=ROUNDS,
        params=PARAMS,
        preprocessor=air.StandardScaler(columns=names) if scaled else None,
        datasets={"train": air.read_parquet(f"{folder}/rows")},
    )
    checkpoint = trainer.fit().checkpoint
    took = time.perf_counter() - began
    if not scaled:
        checkpoint.save(f"{folder}/model", overwrite=True)
    return took


def predict_ray(folder: str, _scaled: bool) -> float:
    """By Ray Data as its documentation has it for XGBoost: an actor pool, DataFrames, a DMatrix. Seconds."""
    ray = _ray()
    began = time.perf_counter()
    rows = ray.data.read_parquet(f"{folder}/rows").drop_columns(["target"])
    rows.map_batches(
        _Predicting,
        fn_constructor_args=(f"{folder}/raw.ubj",),
        batch_format="pandas",
        compute=ray.data.ActorPoolStrategy(size=1),
    ).write_parquet(f"{folder}/by-ray")
    return time.perf_counter() - began


def predict_air(folder: str, _scaled: bool) -> float:
    """By shoal.air, with a checkpoint at hand, as after training. Seconds."""
    from shoal import air

    _ray()
    checkpoint = air.load(f"{folder}/model")
    began = time.perf_counter()
    rows = air.read_parquet(f"{folder}/rows")
    air.BatchPredictor(checkpoint).predict(rows, workers=(1, 1)).to_ray().write_parquet(f"{folder}/by-air")
    return time.perf_counter() - began


class _Predicting:
    """An actor that holds the model."""

    def __init__(self, model: str) -> None:
        import xgboost

        self.booster = xgboost.Booster(model_file=model)

    def __call__(self, frame: Any) -> Any:
        import pandas as pd
        import xgboost

        return pd.DataFrame({"predictions": self.booster.predict(xgboost.DMatrix(frame))})


def _ray() -> Any:
    """Ray, up and at rest: its own processes go on starting for some seconds, on the cores that are measured."""
    import ray
    import ray.data

    from shoal import air

    air.be_quiet()
    ray.init(log_to_driver=False, include_dashboard=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    time.sleep(RAY_STARTS_S)
    return ray


SIDES: dict[str, Callable[[str, bool], float]] = {
    each.__name__: each for each in (train_raw, train_air, train_air_first, predict_ray, predict_air)
}


def measured(side: str, folder: Path, scaled: bool) -> tuple[float, float]:
    """Seconds, and the most MiB that its processes held together."""
    before = _shared_mib()
    command = [sys.executable, "-m", "bench.air.large", "--side", side, "--folder", str(folder)]
    with subprocess.Popen([*command, *(["--scaled"] if scaled else [])], stdout=subprocess.PIPE, text=True) as process:
        most = 0.0
        while process.poll() is None:
            most = max(most, _private_mib(process.pid) + _shared_mib() - before)
            time.sleep(LOOK_EVERY_S)
        assert process.stdout is not None
        told = process.stdout.read().strip().splitlines()
    assert process.returncode == 0, told
    return float(json.loads(told[-1])), most


def _private_mib(pid: int) -> float:
    """What a process and all below it hold, without files and /dev/shm.

    By what costs nothing to ask: for a proportional share (smaps_rollup) the kernel walks through all pages, and halts
    whoever needs new ones meanwhile, which took a fifth of the speed of the many processes of Ray.
    """
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            below.setdefault(parent, []).append(int(entry.name))
    found, left = 0, [pid]
    while left:
        each = left.pop()
        left += below.get(each, [])
        try:
            _, resident, shared, *_ = map(int, Path(f"/proc/{each}/statm").read_text().split())
        except OSError:
            continue
        found += resident - shared
    return found * os.sysconf("SC_PAGE_SIZE") / MIB


def _shared_mib() -> float:
    """What lies in /dev/shm, where Ray's object store is."""
    told = os.statvfs("/dev/shm")
    return (told.f_blocks - told.f_bfree) * told.f_frsize / MIB


def main() -> None:
    """Measure all sides in turn, and write the section."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--side", choices=SIDES)
    parser.add_argument("--folder")
    parser.add_argument("--scaled", action="store_true")
    asked = parser.parse_args()
    if asked.side:
        print(json.dumps(SIDES[asked.side](asked.folder, asked.scaled)))
        return
    began = machine(f"python -m bench.air.large --rows {asked.rows}")
    lines = [f"{asked.rows:,} rows of {COLUMNS} floats (4 bytes) and a label, {FILES} Parquet files, {ROUNDS} rounds;"]
    lines += ["the bars: throughput 0.95, memory 1.3, prediction 1.0"]
    with tempfile.TemporaryDirectory(prefix="shoal-large-") as name:
        folder = Path(name)
        write_rows(folder / "rows", asked.rows)
        for scaled in (False, True):
            what = "with a StandardScaler" if scaled else "no preprocessor"
            raw, ours = measured("train_raw", folder, scaled), measured("train_air", folder, scaled)
            first, _ = measured("train_air_first", folder, scaled)
            lines += [
                f"from files to a model, {what}",
                f"  pandas, xgboost  {raw[0]:7.1f} s  peak {raw[1]:6.0f} MiB",
                f"  shoal.air        {ours[0]:7.1f} s  peak {ours[1]:6.0f} MiB, all of Ray included",
                f"  shoal.air        {first:7.1f} s  as the first that a Ray has to do, with all imports",
                f"  throughput {raw[0] / ours[0]:.2f} (first {raw[0] / first:.2f}), memory {ours[1] / raw[1]:.2f}",
            ]
            print("\n".join(lines[-5:]), flush=True)
        by_ray, ours = measured("predict_ray", folder, False), measured("predict_air", folder, False)
        lines += [
            "from files to files of predictions, one actor each",
            f"  Ray Data   {by_ray[0]:7.1f} s  peak {by_ray[1]:6.0f} MiB",
            f"  shoal.air  {ours[0]:7.1f} s  peak {ours[1]:6.0f} MiB",
            f"  throughput {by_ray[0] / ours[0]:.2f}",
        ]
    text = "\n".join(lines)
    print(text)
    write_section("shoal.air: large", f"`python -m bench.air.large`\n\n{began}\n```text\n{text}\n```\n")


if __name__ == "__main__":
    main()
