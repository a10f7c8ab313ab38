"""A Ray cluster on a real node, as a person with kubectl sees it, and as Ray itself does."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from kube import BUILT, ROOT, Cluster

IMAGE = "rayproject/ray:2.60.0"
READY_S = 240.0
LOOK_EVERY_S = 0.5
ASK_RAY = (
    "import json, ray; ray.init(address='auto', logging_level='ERROR', log_to_driver=False); "
    "print(json.dumps(ray.nodes()))"
)


def until(what: str, holds: Callable[[], object], patience_s: float = READY_S) -> None:
    """Look again and again until it holds. ``AssertionError`` when it takes longer."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, f"not in {patience_s:.0f} s: {what}"
        time.sleep(LOOK_EVERY_S)


def template(memory_gib: int = 2) -> dict[str, Any]:
    """Of pods that run Ray. Half of the memory is kept for each."""
    limits = {"cpu": "2", "memory": f"{memory_gib}Gi"}
    resources = {"limits": limits, "requests": {"cpu": "100m", "memory": f"{memory_gib // 2}Gi"}}
    return {"spec": {"containers": [{"name": "ray", "image": IMAGE, "resources": resources}]}}


@dataclass(frozen=True)
class RayOnNode:
    """The RayCluster ``name``, which an operator acts on."""

    node: Cluster
    namespace: str
    name: str

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """kubectl in the cluster's namespace."""
        return self.node.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def shoal(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A verb of ours, by the kubeconfig that names the cluster."""
        context = self.node.kubectl("config", "current-context").strip()
        verb, *rest = arguments
        where = [verb, self.name, "--context", context, "-n", self.namespace]
        return self.run([sys.executable, "-m", "shoal", *where, *rest])

    def planned(self, path: str, value: object) -> list[tuple[str, str]]:
        """(action, target) of what the operator would do next were this set in the spec, as `shoal plan` shows it."""
        manifest = json.loads(self.kubectl("get", "raycluster", self.name, "-o", "json"))
        *above, last = [int(step) if step.isdecimal() else step for step in path.split("/")]
        reduce(getitem, above, manifest["spec"])[last] = value
        context = self.node.kubectl("config", "current-context").strip()
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(manifest, file)
            file.flush()
            where = ["--context", context, "-n", self.namespace, "-o", "json"]
            ended = self.run([sys.executable, "-m", "shoal", "plan", file.name, *where])
        assert ended.returncode == 3, ended.stderr
        stages = json.loads(ended.stdout)["operator"]["stages"]
        return [(action["action"], action["target"]) for stage in stages for action in stage]

    def run(self, command: list[str], **variables: str) -> "subprocess.CompletedProcess[str]":
        """A program of the person's, with kubectl, Ray and Python on PATH."""
        environment = self._environment | variables
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=READY_S)

    def begin(self, *command: str) -> "subprocess.Popen[str]":
        """The same, going on beside the test, which ends it."""
        return subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True)

    def pods(self) -> dict[str, str]:
        """The name of every pod that is to stay, with its uid; the head first."""
        return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in self._staying()}

    def patch(self, path: str, value: object, operation: str = "add") -> None:
        """One JSON patch of the RayCluster's spec."""
        change = {"op": operation, "path": f"/spec/{path}"} | ({} if operation == "remove" else {"value": value})
        self.kubectl("patch", "raycluster", self.name, "--type=json", "-p", json.dumps([change]))

    def wait_until_ready(self, pods: int) -> dict[str, str]:
        """Until Ray sees the nodes of the spec as it is now, and that many pods stay; the pods."""

        def is_ready() -> bool:
            cluster = json.loads(self.kubectl("get", "raycluster", self.name, "-o", "json"))
            status = cluster.get("status", {})
            conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
            seen = status.get("observedGeneration") == cluster["metadata"]["generation"]
            addresses = {pod["status"].get("podIP") for pod in self._staying()}
            return seen and conditions.get("Ready") == "True" and len(addresses) == pods and addresses == self.alive()

        until(f"{self.name} is Ready with {pods} pods", is_ready)
        return self.pods()

    def nodes(self) -> list[dict[str, Any]]:
        """Ray's own table of nodes, read by a driver on the head; empty while there is no head to ask."""
        asked = self.node.try_kubectl("-n", self.namespace, "exec", self._head, "--", "python", "-c", ASK_RAY)
        nodes: list[dict[str, Any]] = json.loads(asked.stdout) if asked.returncode == 0 else []
        return nodes

    def alive(self) -> set[str]:
        """The addresses of the nodes that Ray gives work to."""
        return {node["NodeManagerAddress"] for node in self.nodes() if node["Alive"]}

    def events(self) -> list[tuple[str, str]]:
        """What the operator said that it did, as (reason, message)."""
        chosen = f"involvedObject.kind=RayCluster,involvedObject.name={self.name}"
        listed = json.loads(self.kubectl("get", "events", "--field-selector", chosen, "-o", "json"))["items"]
        return [(event["reason"], event["message"]) for event in listed]

    def client_servers(self) -> str:
        """The last that Ray Client's servers on the head wrote, for the message of a failure."""
        tail = "tail -n 20 /tmp/ray/session_latest/logs/ray_client_server*"
        return self.node.try_kubectl("-n", self.namespace, "exec", self._head, "--", "sh", "-c", tail).stdout

    def token(self) -> str:
        """What opens the cluster, from its Secret."""
        path = "go-template={{.data.auth_token | base64decode}}"
        return self.kubectl("get", "secret", self.name, "-o", path)

    def _staying(self) -> list[dict[str, Any]]:
        listed = json.loads(self.kubectl("get", "pods", "-l", f"ray.io/cluster={self.name}", "-o", "json"))["items"]
        staying = [pod for pod in listed if "deletionTimestamp" not in pod["metadata"]]
        return sorted(staying, key=lambda pod: pod["metadata"]["labels"]["ray.io/node-type"] != "head")

    @property
    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(Path(sys.executable).parent), str(BUILT), os.environ["PATH"]])
        return os.environ | {"KUBECONFIG": str(self.node.kubeconfig), "PATH": path, "NO_COLOR": "1"}

    @property
    def _head(self) -> str:
        return next(iter(self.pods()), "none")
