"""`make bench`: every comparison in one run, written to bench/RESULTS.md with what it ran on.

python -m bench
"""

import datetime
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
HEAD = """# Figures

Written by `make bench`; each table is one run, both sides in turn. Ratios are what counts: seconds depend on the
machine and on what else it does.
"""


class Comparison(NamedTuple):
    """One script of this folder. bar: what the ratio of medians has to be at most."""

    title: str
    script: str
    bar: str


COMPARISONS = (
    Comparison("`shoal --help` against `ray --help`", "help_ratio.py", "at most 0.1"),
    Comparison(
        "`shoal up` of a head and two workers against one plain `ray start --head`", "up_ratio.py", "at most 2.0"
    ),
    Comparison("`shoal submit` of a hello job against `ray job submit`", "submit_ratio.py", "at most 0.8"),
)


def main() -> None:
    """Run them all and write the page."""
    sections = [HEAD, _machine()]
    for comparison in COMPARISONS:
        print(comparison.title, flush=True)
        command = [sys.executable, str(FOLDER / comparison.script)]
        printed = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
        print(printed, flush=True)
        sections.append(
            f"## {comparison.title}\n\n`python bench/{comparison.script}`; the bar: {comparison.bar}.\n\n"
            f"```text\n{printed}\n```\n"
        )
    (FOLDER / "RESULTS.md").write_text("\n".join(sections))


def _machine() -> str:
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    return (
        f"{day}, `make bench`, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} when it began, "
        f"Python {platform.python_version()}, Ray {version('ray')}, Shoal {version('shoal')}.\n"
    )


if __name__ == "__main__":
    main()
