"""The scripts of examples/air, unchanged, on a cluster of three nodes: as a job, by its address, by Ray Client."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.manifests import raycluster

pytestmark = [pytest.mark.ray, pytest.mark.air, pytest.mark.slow]

EXAMPLES = Path(__file__).parents[2] / "examples/air"


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "NO_COLOR": "1"}
    return subprocess.run(command, env=environment, cwd=EXAMPLES, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module", autouse=True)
def airways(module_home: Path) -> Iterator[None]:
    """A cluster of a head and two workers, of one CPU each."""
    (module_home / "airways.yaml").write_text(raycluster("airways", 2, "2Gi"))
    try:
        up = run("shoal", "up", str(module_home / "airways.yaml"), "--yes", "--timeout", "180")
        assert up.returncode == 0, up.stderr
        yield
    finally:
        run("shoal", "down", "airways", "--yes")


@pytest.mark.parametrize(
    ("command", "rows"),
    [
        ("shoal submit airways --working-dir . -- python titanic.py", 100),
        ("shoal connect airways -- python titanic.py --workers 2", 100),
        ('eval "$(shoal env airways)" && python breast_cancer.py --workers 2', 171),
    ],
    ids=["submit", "connect", "RAY_ADDRESS"],
)
def test_a_script_goes_the_whole_way(command: str, rows: int) -> None:
    ended = run("bash", "-c", command)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    assert "air: Ray is up with 3 CPUs" in said
    assert ("training with 2 workers under Ray Train" in said) == ("--workers 2" in command)
    assert f"the same everywhere: {{'in-process': {rows}, 'batch': {rows}, 'served': {rows}}}" in said
    assert "Traceback" not in said
