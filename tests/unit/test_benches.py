"""Every bench begins: what it measures is seen when it is run."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "bench").rglob("*.py")
    if "ArgumentParser" in path.read_text()
)


@pytest.mark.parametrize("bench", BENCHES)
def test_a_bench_says_what_it_takes(bench: str) -> None:
    command = [sys.executable, "-m", bench.removesuffix(".__main__"), "--help"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "usage:" in told.stdout
