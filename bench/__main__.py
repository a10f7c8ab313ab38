"""`make bench`: every comparison with Ray's own commands, written to bench/RESULTS.md with what it ran on.

python -m bench
"""

import subprocess
import sys
from typing import NamedTuple

from bench.results import machine, write_section


class Comparison(NamedTuple):
    """One module of this folder. bar: what the ratio of medians has to be at most."""

    title: str
    module: str
    bar: str


COMPARISONS = (
    Comparison("`shoal --help` against `ray --help`", "bench.help_ratio", "at most 0.1"),
    Comparison(
        "`shoal up` of a head and two workers against one plain `ray start --head`", "bench.up_ratio", "at most 2.0"
    ),
    Comparison("`shoal submit` of a hello job against `ray job submit`", "bench.submit_ratio", "at most 0.8"),
)


def main() -> None:
    """Run them all and write their sections."""
    for comparison in COMPARISONS:
        print(comparison.title, flush=True)
        began = machine("make bench")
        command = [sys.executable, "-m", comparison.module]
        printed = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
        print(printed, flush=True)
        bar = f"`python -m {comparison.module}`; the bar: {comparison.bar}.\n"
        write_section(comparison.title, f"{bar}\n{began}\n```text\n{printed}\n```\n")


if __name__ == "__main__":
    main()
