"""Wall time of `shoal --help` against `ray --help`, in turn.

python -m bench.help_ratio [--runs 7]
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent


def timed(program: str, env: dict[str, str]) -> float:
    """Seconds that one `--help` took."""
    before = time.perf_counter()
    subprocess.run([str(BIN / program), "--help"], env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - before


def main() -> None:
    """Print medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    # Bytecode is kept as anyone's Python does, so that the first round does not count for every one.
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    timed("ray", env), timed("shoal", env)
    pairs = [(timed("ray", env), timed("shoal", env)) for _ in range(options.runs)]
    medians = [statistics.median(times) for times in zip(*pairs, strict=True)]
    for name, median, times in zip(("ray --help", "shoal --help"), medians, zip(*pairs, strict=True), strict=True):
        print(f"{name:14s} median {median:6.3f} s   {' '.join(f'{took:.3f}' for took in times)}")
    print(f"ratio of medians {medians[1] / medians[0]:.3f}")


if __name__ == "__main__":
    main()
