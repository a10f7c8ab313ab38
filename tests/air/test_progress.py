"""Where somebody looks, a training shows its rounds; where quiet is asked for, nothing is said."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("ray_here")]

SCRIPT = """
import sys, time
import ray
from sklearn.datasets import load_breast_cancer
from shoal import air
from shoal.air.frameworks.xgboost import XGBoost

if "quiet" in sys.argv:
    air.be_quiet()

class Watched(XGBoost):
    def learn(self, tables, settings, threads, watch=None):
        learned = super().learn(tables, settings, threads)
        ends = time.monotonic() + 60
        while watch is not None and watch.board is None and time.monotonic() < ends:
            watch(7, {"train-logloss": 0.25})
            time.sleep(0.3)
        time.sleep(2 if watch else 0)  # one look and more
        return learned

class Trainer(air.XGBoostTrainer):
    framework = Watched()

rows = air.from_sklearn(load_breast_cancer(as_frame=True))
result = Trainer(label_column="target", num_boost_round=10, params={"objective": "binary:logistic"},
                 datasets={"train": rows}, scaling=air.Scaling(cpus_per_worker=1)).fit()
held = air.from_ray(rows.to_ray())
assert len(air.BatchPredictor(result.checkpoint).predict(held).to_pandas()) == rows.count()
"""


def run(tmp_path: Path, *arguments: str) -> str:
    """What the script shows on a terminal of 100 columns."""
    import ray

    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    here, there = os.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    shown = tmp_path / "shown"
    environment = os.environ | {"RAY_ADDRESS": str(ray.get_runtime_context().gcs_address)}
    command = [sys.executable, str(script), *arguments]
    with shown.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdin=there, stdout=file, stderr=there)
        os.close(there)
        for piece in iter(lambda: _read(here), b""):
            file.write(piece)
    os.close(here)
    assert process.wait(timeout=60) == 0, shown.read_text()
    return shown.read_text()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side has ended
        return b""


def test_a_terminal_shows_the_rounds_of_one_training(tmp_path: Path) -> None:
    shown = run(tmp_path)
    assert re.search(r"air: training: +70%.* 7/10 .*train-logloss=0\.25", shown)
    assert "air: trained in" in shown
    assert "execution plan" not in shown.lower()


def test_nothing_is_said_where_quiet_is_asked_for(tmp_path: Path) -> None:
    shown = run(tmp_path, "quiet")
    assert [line for line in shown.splitlines() if line.strip() and "core_worker.cc" not in line] == []
