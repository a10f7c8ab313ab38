"""The cluster's DNS: CoreDNS in a pod of kube-system, as everywhere. NetworkPolicies speak of pods, so one that lets
names be looked up lets nobody in to a process of the node's."""

import json
import shutil
from pathlib import Path
from typing import Any

from lab import containers
from lab.api import apply, conditions, get
from lab.build import program
from lab.folders import Run
from lab.image import Start, make_image
from lab.kubeconfig import NAME as CONTEXT
from lab.modules import COREDNS
from lab.network import Network
from lab.waiting import wait_until

IMAGE = f"docker.io/local/{COREDNS.name}:{COREDNS.key}"
NAME, LABELS = "dns", {"k8s-app": "kube-dns"}
SETTINGS = "/etc/coredns"
READY_S = 60.0
COREFILE = f"""\
.:53 {{
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa ip6.arpa {{
    kubeconfig {SETTINGS}/kubeconfig {CONTEXT}
    ttl 5
  }}
}}
"""


def prepare(run: Run, pods: Path) -> None:
    """The image, what it reads, and its manifest in ``pods``, from where the kubelet runs it."""
    if IMAGE not in containers.images(run):
        _make_image(run)
    settings = run.folder / NAME
    settings.mkdir(exist_ok=True, mode=0o700)
    (settings / "Corefile").write_text(COREFILE)
    shutil.copy(run.node_kubeconfig, settings / "kubeconfig")
    pods.mkdir(exist_ok=True)
    (pods / f"{NAME}.json").write_text(json.dumps(_pod(settings), indent=1))


def publish(run: Run, network: Network, node: str) -> None:
    """The service that leads to it, once it answers."""
    ports = [{"name": f"dns-{each.lower()}", "port": 53, "protocol": each} for each in ("UDP", "TCP")]
    spec = {"clusterIP": network.dns_service, "selector": LABELS, "ports": ports}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kube-dns"}, "spec": spec}
    apply(run, "/api/v1/namespaces/kube-system/services/kube-dns", service)

    def is_ready() -> bool:
        pod = get(run, f"/api/v1/namespaces/kube-system/pods/{NAME}-{node}") or {}
        return conditions(pod).get("Ready") == "True"

    wait_until(is_ready, READY_S, "the cluster's DNS is ready", run.log("kubelet"))


def _make_image(run: Run) -> None:
    root = run.folder / "coredns"
    (root / "bin").mkdir(parents=True, exist_ok=True)
    shutil.copy(program(COREDNS, "coredns"), root / "bin/coredns")
    make_image(run, IMAGE, root, Start(home="/", entrypoint=("/bin/coredns", "-conf", f"{SETTINGS}/Corefile")))
    shutil.rmtree(root)


def _pod(settings: Path) -> dict[str, Any]:
    # Without a share of its own it would starve beside Ray, and with it every name.
    container = {
        "name": NAME,
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "resources": {"requests": {"cpu": "100m", "memory": "32Mi"}},
        "readinessProbe": {"tcpSocket": {"port": 53}, "periodSeconds": 1},
        "volumeMounts": [{"name": "settings", "mountPath": SETTINGS, "readOnly": True}],
    }
    volume = {"name": "settings", "hostPath": {"path": str(settings), "type": "Directory"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME, "namespace": "kube-system", "labels": LABELS},
        "spec": {"containers": [container], "volumes": [volume], "priorityClassName": "system-node-critical"},
    }
