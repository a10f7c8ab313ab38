"""The lab itself: what runs on it, and what it leaves when it is gone."""

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

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a"},
    "spec": {"containers": [{"name": "a", "image": PAUSE, "imagePullPolicy": "Never"}]},
}


@pytest.fixture
def lab() -> Iterator[Lab]:
    folder = Path(tempfile.mkdtemp(prefix="shoal-test-"))
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


@pytest.mark.node
def test_a_lab_with_a_pod_leaves_nothing(lab: Lab) -> None:
    cluster: Cluster = lab.start("build", "up", "node")
    network = network_of(Run(lab.folder))
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(POD))
    cluster.kubectl("wait", "--for=condition=Ready", "pod/a", "--timeout=120s")
    every = {"link", "route", "network namespace", "packet rule", "mount", "link to a log", "folder", "socket"}
    assert traces(lab.folder, network) == every | {"control group", "process"}
    lab.end()
    assert traces(lab.folder, network) == set()


@pytest.mark.kube
def test_a_verb_that_comes_twice_changes_nothing(lab: Lab) -> None:
    cluster = lab.start("build", "up", "up")
    assert cluster.ask("GET", "/version")[0] == 200
    records = {path.name: json.loads(path.read_text())["pid"] for path in (lab.folder / "processes").iterdir()}
    lab.start("up")
    assert {path.name: json.loads(path.read_text())["pid"] for path in (lab.folder / "processes").iterdir()} == records
    lab.end()
    lab.end()


RAY = "rayproject/ray:2.60.0"
SERVER = ["bash", "-c", "id -u; ray --version; exec python -m http.server 8000"]
SECURE = {"allowPrivilegeEscalation": False, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}


@pytest.mark.node
def test_a_pod_of_ray_runs_as_no_root_and_its_service_has_a_name(node: Cluster, namespace: str) -> None:
    probe = {"httpGet": {"path": "/", "port": 8000}}
    container = {"name": "a", "image": RAY, "imagePullPolicy": "Never", "command": SERVER, "readinessProbe": probe}
    spec = {
        "containers": [container | {"securityContext": SECURE}],
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 0,
    }
    pod = POD | {"metadata": {"name": "a", "labels": {"app": "a"}}, "spec": spec}
    ports = {"selector": {"app": "a"}, "ports": [{"port": 80, "targetPort": 8000}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": ports}
    node.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    for each in (pod, service):
        node.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(each))
    node.kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod/a", "--timeout=180s")
    assert node.kubectl("logs", "-n", namespace, "a").splitlines()[:2] == ["1000", "ray, version 2.60.0"]
    # A pod that is ready is known to the proxy of services a moment later.
    retry = "--retry 30 --retry-delay 1 --retry-all-errors"
    fetch = f"curl -s {retry} -o /dev/null -w %{{http_code}} http://web.{namespace}.svc.cluster.local"
    assert node.kubectl("exec", "-n", namespace, "a", "--", "bash", "-c", fetch) == "200"


@pytest.mark.kwok
def test_pods_on_fake_nodes_are_ready_at_once(kwok: Cluster, namespace: str) -> None:
    spec = {**POD["spec"], "nodeSelector": {"type": "kwok"}, "tolerations": []}  # type: ignore[dict-item]
    pods = [POD | {"metadata": {"name": f"a{number}"}, "spec": spec} for number in range(100)]
    whole = {"apiVersion": "v1", "kind": "List", "items": pods}
    kwok.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(whole))
    kwok.kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod", "--all", "--timeout=60s")


@pytest.mark.kube
def test_the_audit_log_has_the_requests_of_one_user_alone(lab: Lab) -> None:
    admin = lab.start("build", "up")
    bench = Cluster(Run(lab.folder).bench_kubeconfig)
    for cluster, name in ((admin, "by-admin"), (bench, "by-bench")):
        cluster.kubectl("create", "namespace", name)
    entries = [json.loads(line) for line in Run(lab.folder).audit_log.read_text().splitlines()]
    assert {entry["user"]["username"] for entry in entries} == {"bench-operator"}
    assert "by-bench" in {entry.get("objectRef", {}).get("name") for entry in entries if entry["verb"] == "create"}
