"""What the cases of tests/cases/air/bad_input.yaml have at hand."""

import importlib.metadata
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from air.passengers import passengers
from shoal import air
from shoal.air.folder import SEAL, seal_of
from shoal.air.frameworks.xgboost import XGBoost


def trainer(frame: Any, **changes: Any) -> air.XGBoostTrainer:
    """XGBoost on passengers, with what fills their gaps and encodes their words."""
    given: dict[str, Any] = {
        "label_column": "survived",
        "params": {"objective": "binary:logistic"},
        "preprocessor": air.Chain(
            air.SimpleImputer(columns=["embarked"], strategy="most_frequent"),
            air.OneHotEncoder(columns=["sex", "embarked"]),
        ),
        "scaling": air.Scaling(cpus_per_worker=1),
    }
    if "datasets" not in changes:
        given["datasets"] = {"train": air.from_pandas(frame)}
    return air.XGBoostTrainer(**(given | changes))


def train(frame: Any, **changes: Any) -> air.Result:
    """Train it."""
    return trainer(frame, **changes).fit()


def lost(frame: Any, times: int) -> air.Result:
    """Train it with a worker that is killed so many times."""
    deaths = Path("deaths").absolute()
    deaths.mkdir()

    class Mortal(XGBoost):
        def learn(self, *given: Any, **named: Any) -> Any:
            died = len(list(deaths.iterdir()))
            if died < times:
                (deaths / str(died)).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().learn(*given, **named)

    class Trainer(air.XGBoostTrainer):
        framework = Mortal()

    return Trainer(**trainer(frame).get_params(deep=False)).fit()


@contextmanager
def installed(**versions: str) -> Iterator[None]:
    """As if other versions of packages were installed."""
    real = importlib.metadata.version
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(importlib.metadata, "version", lambda name: versions.get(name) or real(name))
        yield


@contextmanager
def web_server() -> Iterator[str]:
    """A server of the working folder, and its URL."""

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *given: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def change_manifest(**changes: Any) -> None:
    """Change what the manifest of the folder model says, and seal it again."""
    manifest = Path("model/manifest.json")
    told = json.loads(manifest.read_text()) | changes
    manifest.write_text(json.dumps(told | {SEAL: seal_of(told)}))


def scope(checkpoint: air.Checkpoint) -> dict[str, Any]:
    """The names that a case may use."""
    import numpy as np
    import pandas as pd

    own = {each.__name__: each for each in (trainer, train, lost, installed, change_manifest, web_server, Path)}
    return own | {"frame": passengers(50), "checkpoint": checkpoint, "air": air, "np": np, "pd": pd}
