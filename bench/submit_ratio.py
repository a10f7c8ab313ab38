"""Whole-process time of a hello job: `ray job submit` against ours, in turn, on one running cluster.

    python bench/submit_ratio.py --address http://127.0.0.1:PORT --token-file FILE [--runs 5] [--name CLUSTER]

With --name ours is `shoal submit CLUSTER`; without, bench/submit_driver.py. Prints medians and their ratio.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
HELLO = "print('hello from the job')\n"


def timed(command: list[str], env: dict[str, str]) -> float:
    """Seconds of wall time. The job's own line must have come back."""
    start = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    took = time.perf_counter() - start
    if "hello from the job" not in done.stdout:
        raise SystemExit(f"{command[0]} lost the log:\n{done.stdout}{done.stderr}")
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", required=True)
    parser.add_argument("--token-file", required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--name")
    options = parser.parse_args()
    env = os.environ | {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": options.token_file,
        "RAY_ADDRESS": options.address,
    }
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "hello.py").write_text(HELLO)
        theirs = [str(BIN / "ray"), "job", "submit", "--working-dir", folder, "--", "python", "hello.py"]
        driver = str(Path(__file__).with_name("submit_driver.py"))
        ours = [sys.executable, driver, options.address, options.token_file, folder, "python hello.py"]
        if options.name:
            ours = [str(BIN / "shoal"), "submit", options.name, "--working-dir", folder, "--", "python", "hello.py"]
        timed(ours, env)  # the first job of a cluster starts Ray's job agent: it counts for neither
        pairs = [(timed(theirs, env), timed(ours, env)) for _ in range(options.runs)]
    for name, times in zip(("ray job submit", "ours"), zip(*pairs, strict=True), strict=True):
        print(f"{name:15s} median {statistics.median(times):6.2f} s   {' '.join(f'{took:.2f}' for took in times)}")
    ratios = [our / their for their, our in pairs]
    print(
        f"ratio of medians {statistics.median(o for _, o in pairs) / statistics.median(t for t, _ in pairs):.2f}",
        end="",
    )
    print(f"   each: {' '.join(f'{ratio:.2f}' for ratio in ratios)}")


if __name__ == "__main__":
    main()
