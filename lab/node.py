"""A real node: kubelet, kube-proxy and what keeps NetworkPolicies, beside the lab's containerd. Its pods, and DNS is
one, are real processes of this machine."""

import json
import shutil
from pathlib import Path

from lab import containers, dns, policies
from lab.api import conditions, get
from lab.build import program
from lab.cgroups import make_groups
from lab.errors import LabError
from lab.folders import Run
from lab.image import Start, make_image
from lab.kubeconfig import write_kubeconfig
from lab.link import make_link, start_inside
from lab.modules import KUBERNETES
from lab.network import Network, network_of
from lab.packages import STEP
from lab.processes import Process, check_alive, running
from lab.shell import find, need_root, say
from lab.waiting import wait_until

NODE = "node1"
READY_S = 120.0


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
    write_kubeconfig(run.folder, "admin", f"https://{network.machine}:{network.port('api')}", "node")
    dns.prepare(run, _own_pods(run))
    kubelet = _start_kubelet(run, network)
    _start_proxy(run, network)

    def is_ready() -> bool:
        check_alive(run, kubelet)
        node = get(run, f"/api/v1/nodes/{NODE}") or {}
        return conditions(node).get("Ready") == "True"

    wait_until(is_ready, READY_S, f"{NODE} is Ready", run.log("kubelet"))
    policies.start(run, network, NODE)
    dns.publish(run, network, NODE)
    say(f"{NODE} is Ready")


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


def _own_pods(run: Run) -> Path:
    """Manifests of pods that the kubelet runs without being told by the API server."""
    return run.folder / "pods"


def _start_kubelet(run: Run, network: Network) -> Process:
    config = run.folder / "kubelet.json"
    config.write_text(json.dumps(_kubelet(run, network), indent=1))
    flags = [f"--config={config}", f"--kubeconfig={run.node_kubeconfig}", f"--root-dir={run.folder / 'kubelet'}"]
    names = [f"--hostname-override={NODE}", f"--node-ip={network.node}"]
    return start_inside(run, network, "kubelet", [program(KUBERNETES, "kubelet"), *flags, *names])


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
        "staticPodPath": str(_own_pods(run)),
    }


def _start_proxy(run: Run, network: Network) -> None:
    flags = [
        f"--kubeconfig={run.node_kubeconfig}",
        "--proxy-mode=iptables",
        f"--cluster-cidr={network.pods}",
        f"--hostname-override={NODE}",
        "--conntrack-max-per-core=0",
    ]
    start_inside(run, network, "proxy", [program(KUBERNETES, "kube-proxy"), *flags])
