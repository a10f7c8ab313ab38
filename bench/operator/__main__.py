"""`make bench-operator`: the operator on fake nodes, into bench/RESULTS.md.

python -m bench.operator [--clusters 100 300 1000] [--lab DIR]
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.operator.clusters import connected
from bench.operator.measured import kuberay_command, shoal_command
from bench.operator.scenarios import beside, copied, many, restart, starts
from bench.results import machine, write_section
from lab.build import program
from lab.modules import KUBERAY

FAKE_NODES = 50
TITLE = "The operator"
HEAD = f"""\
`make bench-operator`, {FAKE_NODES} fake nodes (KWOK), clusters of a head and three workers. Bare pods: 20 at a time,
until all are Ready; wall: from the first cluster asked for to the last one `ready`; ratio: that over the bare pods'
time. KubeRay {KUBERAY.version}: its operator in the same run, with our CRDs, concurrency 10, 1,000 requests a second,
no leader election. Requests are counted in the API server's audit log, without watches. No operator: what Shoal's
makes of such a cluster (Service, Secret, NetworkPolicy, pods, one status), sent by the bench, which decides nothing.
"""


def main() -> None:
    """Measure, print, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", type=int, nargs="*", default=[100, 300, 1000])
    parser.add_argument("--lab", type=Path, help="the folder of one that runs with fake nodes")
    parser.add_argument("--quiet-minutes", type=float, default=10)
    asked = parser.parse_args()
    shoal = str(Path(sys.executable).with_name("shoal"))
    began = machine("make bench-operator")
    with _lab(asked.lab) as folder:
        _lab_verb(folder, "build", "--kuberay")
        crds = subprocess.run([shoal, "operator", "crds"], check=True, stdout=subprocess.PIPE).stdout
        kubectl = _printed("env", folder).rpartition("export PATH=")[2].partition(":")[0]
        apply = [f"{kubectl}/kubectl", "--kubeconfig", str(folder / "admin.conf"), "apply", "--server-side", "-f", "-"]
        subprocess.run(apply, check=True, input=crds, stdout=subprocess.DEVNULL)
        kuberay = program(KUBERAY, "kuberay-operator")
        lines = asyncio.run(_measure(folder, shoal, kuberay, asked.clusters, asked.quiet_minutes * 60))
    write_section(TITLE, f"{HEAD}\n{began}\n```text\n" + "\n".join(lines) + "\n```\n")


async def _measure(folder: Path, shoal: str, kuberay: Path, counts: list[int], quiet_s: float) -> list[str]:
    ours = starts(shoal_command(shoal, folder / "bench.conf"), folder)
    operators = {"KubeRay": starts(kuberay_command(kuberay, folder / "bench.conf"), folder), "Shoal": ours}
    lines: list[str] = []

    def say(*found: str) -> None:
        for line in found:
            print(line, flush=True)
            lines.append(line)

    async with connected(str(folder / "admin.conf")) as clusters:
        say("one big cluster beside small ones", *await beside(clusters, ours, workers=500, small=50), "")
        one = await copied(clusters, ours)
        for count in counts:
            async for line in many(clusters, operators, one, count):
                say(line)
        if counts:
            say(f"\nrestart with {counts[-1]} clusters", *await restart(ours, quiet_s))
        await clusters.remove_all()
    return lines


@contextmanager
def _lab(running: Path | None) -> Iterator[Path]:
    if running is not None:
        yield running
        return
    folder = Path(tempfile.mkdtemp(prefix="shoal-bench-"))
    try:
        for verb in (["build"], ["up"], ["kwok", f"{FAKE_NODES}"]):
            _lab_verb(folder, *verb)
        yield folder
    finally:
        _lab_verb(folder, "down")
        shutil.rmtree(folder, ignore_errors=True)


def _lab_verb(folder: Path, *verb: str) -> None:
    subprocess.run([sys.executable, "-m", "lab", "--run", str(folder), *verb], check=True)


def _printed(verb: str, folder: Path) -> str:
    command = [sys.executable, "-m", "lab", "--run", str(folder), verb]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    main()
