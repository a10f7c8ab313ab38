"""KWOK: nodes that only exist in the API server, whose pods become Ready at once. For scale; nothing runs."""

import ipaddress
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath
from typing import Any

from lab.api import apply, get
from lab.build import program
from lab.errors import LabError
from lab.folders import Run
from lab.modules import KWOK
from lab.network import FAKE_POD_NETWORK
from lab.processes import ensure, running
from lab.shell import say, succeeds
from lab.waiting import wait_until

DEFAULT_COUNT = 50
MARK = "kwok.x-k8s.io/node"
CAPACITY = {"cpu": "1000", "memory": "4Ti", "pods": "1000"}
READY_S = 120.0
AT_ONCE = 8
CIDR = f"--cidr={FAKE_POD_NETWORK}"
ROUTE = ("unreachable", str(ipaddress.ip_network(FAKE_POD_NETWORK, strict=False)))


def start(run: Run, count: int) -> None:
    """Run KWOK in a lab that is up and have ``count`` fake nodes, kwok-1 onwards, labelled ``type=kwok``, Ready.

    Where we are root nobody answers at the addresses of their pods from then on: behind a proxy that takes every
    connection there would seem to be a GCS at each.
    """
    if running(run, "apiserver") is None:
        raise LabError("the lab is not up", "run: python -m lab up")
    if running(run, "kubelet"):
        raise LabError(
            "this lab has a real node, whose pods would end up on fake ones", "give the fake ones another: --run"
        )
    _route("replace")
    ensure(run, "kwok", _command(run))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(lambda number: _make_node(run, number), range(1, count + 1)):
            pass

    def are_ready() -> bool:
        nodes = (get(run, "/api/v1/nodes?labelSelector=type%3Dkwok") or {"items": []})["items"]
        return sum(map(_is_ready, nodes)) >= count

    wait_until(are_ready, READY_S, f"{count} fake nodes are Ready", run.log("kwok"))
    say(f"{count} fake nodes are Ready")


def forget_route() -> None:
    """Let the addresses be what they were, unless another lab on this machine has fake nodes."""
    if not any(CIDR.encode() in _arguments(path) for path in Path("/proc").glob("[0-9]*/cmdline")):
        _route("delete")


def _route(act: str) -> None:
    """As far as we may: all but one kind of test do without."""
    ip = shutil.which("ip")
    if ip and os.geteuid() == 0:
        succeeds([ip, "route", act, *ROUTE])


def _arguments(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().split(b"\0")
    except OSError:
        return []  # it has ended


def _command(run: Run) -> list[str]:
    stages = run.folder / "stages.yaml"
    texts = [program(KWOK, PurePath(each).name).read_text() for each in KWOK.copied]
    stages.write_text("\n---\n".join(texts))
    return [
        str(program(KWOK, "kwok")),
        f"--kubeconfig={run.kubeconfig}",
        f"--config={stages}",
        f"--manage-nodes-with-annotation-selector={MARK}=fake",
        "--node-lease-duration-seconds=40",
        CIDR,
        "--enable-crds=",
    ]


def _make_node(run: Run, number: int) -> None:
    name = f"kwok-{number}"
    labels = {"type": "kwok", "kubernetes.io/hostname": name}
    metadata = {"name": name, "annotations": {MARK: "fake"}, "labels": labels}
    status = {"allocatable": CAPACITY, "capacity": CAPACITY}
    path = f"/api/v1/nodes/{name}"
    apply(run, path, {"apiVersion": "v1", "kind": "Node", "metadata": metadata})
    apply(run, f"{path}/status", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status})


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
