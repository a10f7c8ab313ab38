"""A real node: kubelet, kube-proxy and DNS beside the lab's containerd. Its pods are real processes of this machine."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from lab import containers
from lab.api import apply, get
from lab.build import program
from lab.cgroups import make_groups
from lab.errors import LabError
from lab.folders import Run
from lab.image import Start, make_image
from lab.kubeconfig import NAME as CONTEXT
from lab.kubeconfig import write_kubeconfig
from lab.link import inside, make_link
from lab.modules import COREDNS, KUBERNETES
from lab.network import Network, network_of
from lab.packages import STEP
from lab.processes import Process, check_alive, ensure, running
from lab.shell import FURTHER_FOLDERS, find, need_root, say
from lab.waiting import wait_until

NODE = "node1"
READY_S = 120.0
COREFILE = """\
.:53 {{
  bind {address}
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa ip6.arpa {{
    kubeconfig {kubeconfig} {context}
    ttl 5
  }}
}}
"""


def start(run: Run) -> None:
    """Start the node of a lab that is up, and wait until it is Ready. Root."""
    need_root("node")
    if running(run, "apiserver") is None:
        raise LabError("the lab is not up", "run: python -m lab up")
    if running(run, "kwok"):
        raise LabError(
            "this lab has fake nodes, and pods would end up there", "give the real node a lab of its own: --run"
        )
    network = network_of(run)
    make_link(network)
    make_groups(network)
    containers.start(run)
    if containers.PAUSE not in containers.images(run):
        _make_pause_image(run)
    # What runs on the node finds the API server by the link, not at 127.0.0.1.
    config = write_kubeconfig(run.folder, "admin", f"https://{network.machine}:{network.port('api')}", "node")
    kubelet = _start_kubelet(run, network, config)
    _start_proxy(run, network, config)
    _start_dns(run, network, config)

    def is_ready() -> bool:
        check_alive(run, kubelet)
        node = get(run, f"/api/v1/nodes/{NODE}") or {}
        return {"Ready": "True"}.items() <= _conditions(node).items()

    wait_until(is_ready, READY_S, f"{NODE} is Ready", run.log("kubelet"))
    say(f"{NODE} is Ready")


def _conditions(node: dict[str, Any]) -> dict[str, str]:
    return {each["type"]: each["status"] for each in node.get("status", {}).get("conditions", [])}


def _make_pause_image(run: Run) -> None:
    """What holds a pod's namespaces: the smallest thing that sleeps."""
    root = run.folder / "pause"
    (root / "bin").mkdir(parents=True, exist_ok=True)
    shutil.copy(find("busybox", STEP), root / "bin/busybox")
    for name in ("sleep", "sh"):
        (root / "bin" / name).unlink(missing_ok=True)
        (root / "bin" / name).symlink_to("busybox")
    make_image(run, containers.PAUSE, root, Start(home="/", user="65535:65535", entrypoint=("/bin/sleep", "infinity")))
    shutil.rmtree(root)


def on_node(run: Run, network: Network, name: str, argv: list[str | Path]) -> Process:
    """A program on the node's network, started unless it runs already."""
    # Administrators' programs (mount, iptables, conntrack) are not on every PATH.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *FURTHER_FOLDERS])
    return ensure(run, name, [*inside(network), *argv], {"PATH": path})


def _start_kubelet(run: Run, network: Network, kubeconfig: Path) -> Process:
    config = run.folder / "kubelet.json"
    config.write_text(json.dumps(_kubelet(run, network), indent=1))
    flags = [f"--config={config}", f"--kubeconfig={kubeconfig}", f"--root-dir={run.folder / 'kubelet'}"]
    names = [f"--hostname-override={NODE}", f"--node-ip={network.node}"]
    return on_node(run, network, "kubelet", [program(KUBERNETES, "kubelet"), *flags, *names])


def _kubelet(run: Run, network: Network) -> dict[str, object]:
    certificates = {"x509": {"clientCAFile": str(run.folder / "ca.crt")}}
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": False}, **certificates},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{network.name}",
        "clusterDNS": [network.dns_service],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{containers.socket_of(network)}",
        "enforceNodeAllocatable": [],
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        "localStorageCapacityIsolation": False,
        "podLogsDir": str(run.folder / "pod-logs"),
    }


def _start_proxy(run: Run, network: Network, kubeconfig: Path) -> None:
    flags = [
        f"--kubeconfig={kubeconfig}",
        "--proxy-mode=iptables",
        f"--cluster-cidr={network.pods}",
        f"--hostname-override={NODE}",
        "--conntrack-max-per-core=0",
    ]
    on_node(run, network, "proxy", [program(KUBERNETES, "kube-proxy"), *flags])


def _start_dns(run: Run, network: Network, kubeconfig: Path) -> None:
    """CoreDNS beside the kubelet, and the service that leads to it."""
    corefile = run.folder / "Corefile"
    corefile.write_text(COREFILE.format(address=network.node, kubeconfig=kubeconfig, context=CONTEXT))
    on_node(run, network, "dns", [program(COREDNS, "coredns"), "-conf", corefile])
    ports = [{"name": f"dns-{each.lower()}", "port": 53, "protocol": each} for each in ("UDP", "TCP")]
    spec = {"clusterIP": network.dns_service, "ports": ports}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kube-dns"}, "spec": spec}
    apply(run, "/api/v1/namespaces/kube-system/services/kube-dns", service)
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "kube-dns-lab", "labels": {"kubernetes.io/service-name": "kube-dns"}},
        "addressType": "IPv4",
        "ports": ports,
        "endpoints": [{"addresses": [network.node]}],
    }
    apply(run, "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices/kube-dns-lab", endpoints)
