"""KWOK: nodes that only exist in the API server, whose pods become Ready at once. For scale; nothing runs."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath
from typing import Any

from lab.api import apply, get
from lab.build import program
from lab.errors import LabError
from lab.folders import Run
from lab.modules import KWOK
from lab.network import FAKE_POD_NETWORK
from lab.processes import ensure, running
from lab.shell import say
from lab.waiting import wait_until

DEFAULT_COUNT = 50
MARK = "kwok.x-k8s.io/node"
CAPACITY = {"cpu": "1000", "memory": "4Ti", "pods": "1000"}
READY_S = 120.0
AT_ONCE = 8


def start(run: Run, count: int) -> None:
    """Run KWOK in a lab that is up and have ``count`` fake nodes, kwok-1 onwards, labelled ``type=kwok``, Ready."""
    if running(run, "apiserver") is None:
        raise LabError("the lab is not up", "run: python -m lab up")
    if running(run, "kubelet"):
        raise LabError(
            "this lab has a real node, whose pods would end up on fake ones", "give the fake ones another: --run"
        )
    ensure(run, "kwok", _command(run))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(lambda number: _make_node(run, number), range(1, count + 1)):
            pass

    def are_ready() -> bool:
        nodes = (get(run, "/api/v1/nodes?labelSelector=type%3Dkwok") or {"items": []})["items"]
        return sum(map(_is_ready, nodes)) >= count

    wait_until(are_ready, READY_S, f"{count} fake nodes are Ready", run.log("kwok"))
    say(f"{count} fake nodes are Ready")


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
        f"--cidr={FAKE_POD_NETWORK}",
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
