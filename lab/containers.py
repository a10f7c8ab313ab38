"""A containerd of the lab's own: socket, state and images lie apart from any other on the machine."""

import json
import shutil
from pathlib import Path

from lab.errors import LabError, Missing
from lab.folders import Run, cache_folder
from lab.link import inside
from lab.network import Network, network_of
from lab.packages import STEP
from lab.processes import check_alive, ensure, running
from lab.shell import find, run, succeeds
from lab.waiting import wait_until

PLUGINS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
READY_S = 30.0
PAUSE = "docker.io/local/pause:1"
# restrict_oom_score_adj: where CAP_SYS_RESOURCE is missing no pod would start without it.
CONFIG = """\
version = 2
root = "{root}"
state = "{state}/containerd"
[grpc]
address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{networks}"
"""


def state_of(network: Network) -> Path:
    """Sockets and mounts: a short path, because a socket's name must be, on a file system that a boot empties."""
    return Path("/run") / network.name


def socket_of(network: Network) -> Path:
    """Where containerd listens."""
    return state_of(network) / "containerd.sock"


def start(lab: Run) -> None:
    """Start the lab's containerd, if it doesn't run, on the node's network."""
    network = network_of(lab)
    networks = lab.folder / "networks"
    networks.mkdir(exist_ok=True)
    (networks / "pods.conflist").write_text(json.dumps(_pod_network(lab, network), indent=1))
    config = lab.folder / "containerd.toml"
    values = {
        "root": cache_folder() / f"images-{network.number}",
        "state": state_of(network),
        "socket": socket_of(network),
        "pause": PAUSE,
        "plugins": _plugins(),
        "networks": networks,
    }
    config.write_text(CONFIG.format(**values))
    find("runc", STEP)
    process = ensure(lab, "containerd", [*inside(network), find("containerd", STEP), "--config", config])

    def answers() -> bool:
        check_alive(lab, process)
        return succeeds([*_ctr(lab), "version"])

    wait_until(answers, READY_S, "containerd answers", lab.log("containerd"))


def ctr(lab: Run) -> list[str]:
    """The client of the lab's containerd, in the namespace of Kubernetes. ``LabError`` when the lab has no node."""
    if running(lab, "containerd") is None:
        raise LabError("this lab has no real node", "run, as root: python -m lab up && python -m lab node")
    return _ctr(lab)


def images(lab: Run) -> set[str]:
    """The names of the images in the store."""
    return {name for name in run([*ctr(lab), "images", "ls", "-q"]).split() if not name.startswith("sha256:")}


def remove_all(lab: Run) -> None:
    """End every container and delete it: what is left of pods when the kubelet is gone."""
    for task in run([*ctr(lab), "tasks", "ls", "-q"]).split():
        succeeds([*ctr(lab), "tasks", "rm", "--force", task])
    if left := run([*ctr(lab), "tasks", "ls", "-q"]).split():
        raise LabError(f"containers can't be ended: {' '.join(left)}", f"see: {' '.join(ctr(lab))} tasks ls")
    if containers := run([*ctr(lab), "containers", "ls", "-q"]).split():
        run([*ctr(lab), "containers", "rm", *containers])


def unmount_below(folder: Path) -> None:
    """Undo every mount at or below a folder, the last one first."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for point in reversed([each for each in mounted if Path(each).is_relative_to(folder)]):
        run([find("umount", STEP), "--lazy", point])


def remove_state(network: Network) -> None:
    """Delete sockets and state once containerd has ended; the images stay in the cache."""
    folder = state_of(network)
    if folder.exists():
        unmount_below(folder)
        shutil.rmtree(folder)


def _ctr(lab: Run) -> list[str]:
    return [find("ctr", STEP), "--address", str(socket_of(network_of(lab))), "--namespace", "k8s.io"]


def _plugins() -> Path:
    found = next((each for each in PLUGINS if (each / "bridge").exists()), None)
    if found is None:
        raise Missing(f"no network plugins in {' or '.join(map(str, PLUGINS))}", STEP)
    return found


def _pod_network(lab: Run, network: Network) -> dict[str, object]:
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": network.pods_of_node, "gateway": network.bridge}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": str(lab.folder / "addresses"),
    }
    # No masquerading here: pods are seen by their own addresses, and the machine's one rule serves the way outside.
    bridge = {"type": "bridge", "bridge": "pods", "isGateway": True, "hairpinMode": True, "ipam": addresses}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, ports, {"type": "loopback"}]}
