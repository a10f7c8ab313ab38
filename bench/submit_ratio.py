"""Wall time of a hello job: `ray job submit` against `shoal submit`, in turn, on one cluster made for it.

    python -m bench.submit_ratio [--runs 5]

Whole processes, the job's log followed to its end. Prints medians and their ratio.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
SHOAL = str(BIN / "shoal")
NAME = "bench"
SPEC = """
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: bench}
spec:
  headGroupSpec:
    rayStartParams: {num-cpus: "2", object-store-memory: "200000000"}
    template: {spec: {containers: [{name: ray}]}}
"""


def timed(command: list[str], env: dict[str, str]) -> float:
    """Seconds of wall time. The job's own line must have come back."""
    start = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    took = time.perf_counter() - start
    if "hello from the job" not in done.stdout:
        raise SystemExit(f"{command[0]} lost the log:\n{done.stdout}{done.stderr}")
    return took


def pairs(folder: str, env: dict[str, str], runs: int) -> list[tuple[float, float]]:
    """(theirs, ours) of each round."""
    told = subprocess.run([SHOAL, "env", NAME, "-o", "json"], env=env, check=True, stdout=subprocess.PIPE).stdout
    driver = env | json.loads(told)
    stock = driver | {"RAY_ADDRESS": driver["RAY_API_SERVER_ADDRESS"]}
    work = Path(folder, "work")
    work.mkdir()
    (work / "hello.py").write_text("print('hello from the job')\n")
    job = ["--working-dir", str(work), "--", "python", "hello.py"]
    theirs, ours = [str(BIN / "ray"), "job", "submit", *job], [SHOAL, "submit", NAME, *job]
    timed(ours, env)  # the first job of a cluster starts Ray's job agent: it counts for neither
    return [(timed(theirs, stock), timed(ours, env)) for _ in range(runs)]


def main() -> None:
    """Print medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "SHOAL_"))}
    with tempfile.TemporaryDirectory(prefix="submit-") as folder:
        env = clean | {"HOME": folder, "XDG_STATE_HOME": f"{folder}/state"}
        Path(folder, "bench.yaml").write_text(SPEC)
        subprocess.run([SHOAL, "--quiet", "up", f"{folder}/bench.yaml", "--yes"], env=env, check=True)
        try:
            rounds = pairs(folder, env, options.runs)
        finally:
            subprocess.run([SHOAL, "--quiet", "down", NAME, "--yes"], env=env, check=True)
    sides = list(zip(*rounds, strict=True))
    for name, times in zip(("ray job submit", "shoal submit"), sides, strict=True):
        print(f"{name:15s} median {statistics.median(times):6.2f} s   {' '.join(f'{took:.2f}' for took in times)}")
    print(f"ratio of medians {statistics.median(sides[1]) / statistics.median(sides[0]):.2f}", end="")
    print(f"   each: {' '.join(f'{ours / theirs:.2f}' for theirs, ours in rounds)}")


if __name__ == "__main__":
    main()
