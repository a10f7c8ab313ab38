"""`make bench-air`: the toll of shoal.air, against Ray 2.60 as documented and against pandas with xgboost.

python -m bench.air [pipeline fit tune serving]
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from bench.air import pipelines
from bench.air.serving import serving
from bench.results import machine, write_section

TRIALS = 20
RUNS = 7
HEAD = "`make bench-air`, breast cancer: 569 rows, 30 features, 20 rounds. All sides in one run, in turn."


def seconds(call: Callable[[], Any]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def told(name: str, taken: list[float]) -> str:
    """A line of the page."""
    return f"{name:28s} median {statistics.median(taken):7.3f} s   {' '.join(f'{each:.3f}' for each in taken)}"


def pipeline(path: str) -> list[str]:
    """The whole way, once each, on a Ray that is up."""
    sides = {"pandas and xgboost": pipelines.by_pandas, "shoal.air": pipelines.by_air, "Ray": pipelines.by_ray}
    first = {name: seconds(partial(way, path)) for name, way in sides.items()}
    return [
        "whole pipeline, once (cold where it is the first figure); the bar: at most 5 s, and 10 times faster than Ray",
        *(f"{name:28s} {taken:7.2f} s" for name, taken in first.items()),
        f"{first['Ray'] / first['shoal.air']:.1f} times faster than Ray",
    ]


def fit(path: str) -> list[str]:
    """One training of rows at hand."""
    from shoal import air

    train, valid = air.read_parquet(path).train_test_split(0.3, seed=0)
    frames = train.to_pandas(), valid.to_pandas()
    trainer = pipelines.trainer(train, valid)
    trainer.fit()
    raw, ours = [], []
    for _ in range(RUNS):
        raw.append(seconds(partial(pipelines.raw_fit, *frames, {"nthread": os.cpu_count()})))
        ours.append(seconds(trainer.fit))
    more = statistics.median(ours) - statistics.median(raw)
    return [
        "warm fit; the bar: at most 0.15 s more than raw",
        told("xgboost.train", raw),
        told("air.XGBoostTrainer.fit", ours),
        f"{more:.3f} s more",
    ]


def tune(path: str) -> list[str]:
    """Twenty trials; the raw loop has a process for each core as well, warm, and the same rows in each."""
    from shoal import air

    train, valid = air.read_parquet(path).train_test_split(0.3, seed=0)
    space = {"params": {"max_depth": air.randint(1, 9), "eta": air.loguniform(1e-2, 0.5)}}
    tuner = air.Tuner(pipelines.trainer(train, valid), space, metric="valid-logloss", num_samples=TRIALS, seed=0)
    tried = [trial.values for trial in tuner.fit().trials]
    settings = [{path[-1]: value for path, value in values.items()} for values in tried]
    raw, ours = [], []
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # xgboost lets go of the interpreter while it trains
        train_one = partial(_raw_trial, train.to_pandas(), valid.to_pandas())
        for _ in range(RUNS):
            raw.append(seconds(lambda: list(pool.map(train_one, settings))))
            ours.append(seconds(tuner.fit))
    ratio = statistics.median(ours) / statistics.median(raw)
    return [
        f"{TRIALS} trials, warm; the bar: at most 1.3 times a raw loop on the same cores",
        told("threads around xgboost.train", raw),
        told("air.Tuner.fit", ours),
        f"ratio of medians {ratio:.2f}",
    ]


def _raw_trial(train: Any, valid: Any, params: Mapping[str, Any]) -> Any:
    return pipelines.raw_fit(train, valid, {**params, "nthread": 1})


FIGURES = {"pipeline": pipeline, "fit": fit, "tune": tune, "serving": serving}


def main() -> None:
    """Measure what is named, or all, and write a section for each."""
    import ray

    from shoal import air

    names = sys.argv[1:] or list(FIGURES)
    began = machine(f"python -m bench.air {' '.join(names)}")
    air.be_quiet()
    ray.init(log_to_driver=False, include_dashboard=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    with tempfile.TemporaryDirectory() as folder:
        path = pipelines.write_rows(Path(folder))
        for name in names:
            text = "\n".join(FIGURES[name](path))
            print(text, flush=True)
            write_section(f"shoal.air: {name}", f"{HEAD}\n\n{began}\n```text\n{text}\n```\n")


if __name__ == "__main__":
    main()
