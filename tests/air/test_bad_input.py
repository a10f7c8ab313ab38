"""Bad input is told in one message that names the column, the row or the setting; nothing is left half-written.

The cases are tests/cases/air/bad_input.yaml, the page docs/reference/air-bad-input.md.
"""

import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from air.bad_cases import scope, train
from air.passengers import passengers
from shoal import air
from shoal.air.cluster import connect

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.usefixtures("ray_here")]
CASES = yaml.safe_load((Path(__file__).parents[1] / "cases/air/bad_input.yaml").read_text())
RAYS_OWN = "ray::"
"""Begins the traces of other processes, which tell a person nothing of the data."""


def without_ray(printed: str) -> str:
    """What is printed but for what Ray itself says, and for blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in printed.splitlines() if "(raylet)" not in line)


@pytest.fixture(scope="module")
def checkpoint(ray_here: None) -> air.Checkpoint:
    return train(passengers(50)).checkpoint


@pytest.fixture
def folder(checkpoint: air.Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder of a case: a checkpoint is in it."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    checkpoint.save("model")
    air.be_quiet()
    yield tmp_path / "work"
    air.be_quiet(False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_it_is_told_in_words(
    case: dict[str, str], checkpoint: air.Checkpoint, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raised, trace = "", ""
    try:
        exec(case["code"], scope(checkpoint))
    except air.AirError as error:
        raised = traceback.format_exception_only(error)[-1]
        trace = "".join(traceback.format_exception(error))
    assert without_ray(capsys.readouterr().out + raised) == case["prints"]
    assert RAYS_OWN not in trace
    assert {path.name for path in folder.iterdir()} == {"model", *case.get("left", [])}


def test_nothing_is_left_of_a_checkpoint_that_could_not_be_written(
    checkpoint: air.Checkpoint, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(model: object, path: Path) -> None:
        (path / "model.ubj").write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(checkpoint.framework), "save", lambda self, model, path: full(model, path))
    with pytest.raises(OSError, match="No space"):
        checkpoint.save("other")
    with pytest.raises(OSError, match="No space"):
        checkpoint.save("model", overwrite=True)
    assert [path.name for path in folder.iterdir()] == ["model"]
    assert air.load("model").predict(passengers(5)).equals(checkpoint.predict(passengers(5)))


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("127.0.0.1:1", "RAY_ADDRESS=127.0.0.1:1: Ray can't be used: [Errno 111] Connection refused"),
        ("ray://127.0.0.1:1", "RAY_ADDRESS=ray://127.0.0.1:1: Ray can't be used: [Errno 111] Connection refused"),
        ("nonsense", "RAY_ADDRESS=nonsense: Ray can't be used: Invalid address format: nonsense"),
    ],
)
def test_a_cluster_that_is_not_there_is_told_of_at_once(address: str, says: str) -> None:
    code = "from shoal.air import AirError\nfrom shoal.air.cluster import connect\n"
    code += "try:\n    connect()\nexcept AirError as error:\n    print(error)"
    environment = os.environ | {"RAY_ADDRESS": address}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert ended.stdout.startswith(says), ended.stderr


def test_a_cluster_of_another_ray_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    def refuse(**options: object) -> None:
        raise RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 2.49.0\n    Python: 3.11.7")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(air.ClusterUnfit) as caught:
        connect()
    says = "Ray can't be used: Version mismatch: The cluster was started with: Ray: 2.49.0 Python: 3.11.7"
    assert str(caught.value) == says
