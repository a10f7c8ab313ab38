"""The lab itself: what it leaves when it is gone."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kube import Cluster, Lab
from lab.cgroups import hierarchies
from lab.containers import PAUSE
from lab.folders import Run
from lab.network import Network, network_of

pytestmark = pytest.mark.node

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a"},
    "spec": {"containers": [{"name": "a", "image": PAUSE, "imagePullPolicy": "Never"}]},
}


@pytest.fixture
def lab() -> Iterator[Lab]:
    folder = Path(tempfile.mkdtemp(prefix="shoal-lab-"))
    lab = Lab(folder)
    yield lab
    lab.end()


def traces(folder: Path, network: Network) -> set[str]:
    """What of a lab is on this machine, by kind."""
    listings = {
        "link": ["ip", "-oneline", "link"],
        "route": ["ip", "route"],
        "network namespace": ["ip", "netns"],
        "packet rule": ["iptables-save"],
        "mount": ["cat", "/proc/mounts"],
        "link to a log": ["find", "/var/log/containers", "-printf", "%l\n"],
    }
    words = (str(folder), network.name)
    path = {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    found = {
        kind
        for kind, command in listings.items()
        if any(word in subprocess.run(command, capture_output=True, text=True, env=path).stdout for word in words)
    }
    kept = {
        "folder": [folder],
        "socket": [Path("/run") / network.name],
        "control group": [each / network.name for each in hierarchies()],
    }
    found |= {kind for kind, paths in kept.items() if any(path.exists() for path in paths)}
    return found | ({"process"} if any(_names(each, words) for each in Path("/proc").glob("[0-9]*")) else set())


def _names(process: Path, words: tuple[str, ...]) -> bool:
    try:
        command = (process / "cmdline").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(word in command for word in words)


def test_a_lab_with_a_pod_leaves_nothing(lab: Lab) -> None:
    cluster: Cluster = lab.start("build", "up", "node")
    network = network_of(Run(lab.folder))
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(POD))
    cluster.kubectl("wait", "--for=condition=Ready", "pod/a", "--timeout=120s")
    every = {"link", "route", "network namespace", "packet rule", "mount", "link to a log", "folder", "socket"}
    assert traces(lab.folder, network) == every | {"control group", "process"}
    lab.end()
    assert traces(lab.folder, network) == set()


def test_a_verb_that_comes_twice_changes_nothing(lab: Lab) -> None:
    cluster = lab.start("build", "up", "up")
    assert cluster.ask("GET", "/version")[0] == 200
    records = {path.name: json.loads(path.read_text())["pid"] for path in (lab.folder / "processes").iterdir()}
    lab.start("up")
    assert {path.name: json.loads(path.read_text())["pid"] for path in (lab.folder / "processes").iterdir()} == records
    lab.end()
    lab.end()
