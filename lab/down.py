"""Ends a lab by the pids on record, and leaves nothing of it: no process, mount, network, packet rule or folder."""

import shutil
from pathlib import Path

from lab import containers
from lab.cgroups import remove_groups
from lab.errors import LabError
from lab.fake_nodes import forget_route
from lab.folders import Run
from lab.link import make_link, remove_link
from lab.network import network_of
from lab.processes import recorded, stop
from lab.shell import need_root, say

LINKS_TO_LOGS = Path("/var/log/containers")
BEFORE_ETCD = ("shoal-operator", "kwok", "scheduler", "controllers", "apiserver")


def down(run: Run) -> None:
    """End what runs and delete the lab's folder. The cache stays. Root, where the lab has a real node."""
    if not run.folder.exists():
        say("no lab here")
        return
    names = {process.name for process in recorded(run)}
    has_fake_nodes = "kwok" in names
    if "containerd" in names:
        need_root("down")
        _remove_node(run)
    stop(run, BEFORE_ETCD)
    stop(run, ("etcd",))  # last: the API server waits for it while it ends
    if left := [process.name for process in recorded(run) if process.is_running]:
        raise LabError(f"still running: {', '.join(left)}", f"see {run.folder}")
    if has_fake_nodes:
        forget_route()
    shutil.rmtree(run.folder)
    say("down")


def _remove_node(run: Run) -> None:
    """The kubelet first, so that it restarts nothing; then its pods, and what they left in the kernel."""
    network = network_of(run)
    stop(run, ("kubelet",))
    make_link(network)
    containers.start(run)  # to end the containers it must run, whatever befell it
    containers.remove_all(run)
    stop(run, ("envoy", "contour", "policies", "proxy", "containerd"))
    containers.unmount_below(run.folder)
    containers.remove_state(network)
    remove_link(network)
    remove_groups(network)
    _remove_links_to_logs(run)


def _remove_links_to_logs(run: Run) -> None:
    for link in LINKS_TO_LOGS.glob("*.log"):
        if link.is_symlink() and link.readlink().is_relative_to(run.folder):
            link.unlink()
