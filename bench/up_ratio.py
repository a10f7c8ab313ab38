"""Wall time of starting: a plain `ray start --head` against `shoal up` of a head and two workers, in turn.

    python -m bench.up_ratio [--runs 5] [--file examples/raycluster-complete.yaml]

Each run has a home and folders of its own. `ray start` ends when the head is up; `shoal up` when the GCS
calls all nodes ALIVE, which is asked once more here. CPU seconds are those of every process started, up to that moment.
Prints medians and their ratio. Linux only.
"""

import argparse
import ctypes
import json
import os
import random
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from shoal.engine.gcs import alive_nodes

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parent.parent
CLUSTER = "raycluster-complete"
NODES = 3
PR_SET_CHILD_SUBREAPER = 36
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Run(NamedTuple):
    """What one start took. Seconds."""

    wall: float
    cpu: float


def descendants() -> dict[int, float]:
    """Pid and CPU seconds of all that was started below this process, which adopts orphans."""
    parents: dict[int, int] = {}
    cpu: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(entry.name)] = int(fields[1])
        cpu[int(entry.name)] = sum(map(int, fields[11:15])) * TICK_S
    below = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return {pid: cpu[pid] for pid in below - {os.getpid()}}


def end_all() -> None:
    """SIGKILL to everything below this process, until nothing is left."""
    while running := descendants():
        for pid in running:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for pid in running:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue
        time.sleep(0.05)


def timed(command: list[str], env: dict[str, str]) -> Run:
    """Start ``command``; its own CPU time counts, whatever it has left running does too."""
    before = time.perf_counter()
    spent = sum(os.times()[2:4])
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wall = time.perf_counter() - before
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)}: exit {done.returncode}\n{done.stdout}")
    return Run(wall, sum(descendants().values()) + sum(os.times()[2:4]) - spent)


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, outside those that Ray or the kernel hand out by themselves."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            if port not in found and probe.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
    return found


def plain(env: dict[str, str], folder: str, file: str) -> Run:
    """`ray start --head` as its documentation has it, but for the ports."""
    gcs, dashboard, client = free_ports(3)
    command = [str(BIN / "ray"), "start", "--head", f"--port={gcs}", f"--dashboard-port={dashboard}"]
    command += [f"--ray-client-server-port={client}", f"--temp-dir={folder}/ray"]
    return timed(command, env | {"RAY_AUTH_MODE": "disabled"})


def ours(env: dict[str, str], folder: str, file: str) -> Run:
    """`shoal up`, with all that it does by default."""
    shoal = str(BIN / "shoal")
    try:
        run = timed([shoal, "up", file, "--yes"], env)
        told = subprocess.run([shoal, "env", CLUSTER, "-o", "json"], env=env, capture_output=True, check=True).stdout
        known = json.loads(told)
        token = Path(known["RAY_AUTH_TOKEN_PATH"]).read_text().strip()
        address = known["RAY_ADDRESS"].split("//")[-1]
        seen = len(alive_nodes(address, token, 5.0))
        if seen != NODES:
            raise SystemExit(f"`shoal up` returned, but Ray knows {seen} of {NODES} nodes")
        return run
    finally:
        subprocess.run([shoal, "down", CLUSTER, "--yes"], env=env, capture_output=True)


def one(start: Callable[[dict[str, str], str, str], Run], file: str) -> Run:
    """A start in folders of its own, and nothing left of it afterwards."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "SHOAL_"))}
    with tempfile.TemporaryDirectory(prefix="up-", ignore_cleanup_errors=True) as folder:
        try:
            return start(clean | {"HOME": folder, "XDG_STATE_HOME": f"{folder}/state"}, folder, file)
        finally:
            end_all()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--file", default=str(ROOT / "examples" / "raycluster-complete.yaml"))
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    pairs = [(one(plain, options.file), one(ours, options.file)) for _ in range(options.runs)]
    for name, runs in zip(("ray start --head", "shoal up, 3 nodes"), zip(*pairs, strict=True), strict=True):
        walls = " ".join(f"{run.wall:.2f}" for run in runs)
        cpu = statistics.median(run.cpu for run in runs)
        print(f"{name:18s} median {statistics.median(run.wall for run in runs):6.2f} s, {cpu:5.1f} CPU s   {walls}")
    medians = [statistics.median(run.wall for run in runs) for runs in zip(*pairs, strict=True)]
    print(f"ratio of medians {medians[1] / medians[0]:.2f}", end="")
    print(f"   each: {' '.join(f'{our.wall / their.wall:.2f}' for their, our in pairs)}")


if __name__ == "__main__":
    main()
