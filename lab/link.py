"""The node's own network namespace, and the link from this machine to it.

What kubelet, kube-proxy and the plugins do to addresses and packet rules happens in there: the machine's own stay as
they are, several nodes live side by side, and all of it is gone with the namespace.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError
from lab.folders import Run
from lab.network import Network
from lab.packages import STEP
from lab.processes import Process, ensure
from lab.shell import FURTHER_FOLDERS, find, run, succeeds

NAMESPACES = Path("/run/netns")
INSIDE = "eth0"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


def inside(network: Network) -> list[str]:
    """What to put before a command to run it on the node's network, and otherwise on this machine."""
    # Not `ip netns exec`: that one hides /sys/fs/cgroup.
    return [find("nsenter", STEP), f"--net={NAMESPACES / network.name}"]


def start_inside(lab: Run, network: Network, name: str, argv: Sequence[str | Path]) -> Process:
    """Start a process of the node's, unless it runs already."""
    # Administrators' programs (mount, iptables, conntrack) are not on every PATH.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *FURTHER_FOLDERS])
    return ensure(lab, name, [*inside(network), *argv], {"PATH": path})


def make_link(network: Network) -> None:
    """The namespace, linked to this machine; pods and services can be reached from here, and pods reach the outside."""
    if (NAMESPACES / network.name).exists():
        return
    ip, name = find("ip", STEP), network.name
    if f" {network.machine}/" in run([ip, "-oneline", "address"]):
        raise LabError(f"{network.machine} is an address of this machine already", "give the lab another folder: --run")
    run([ip, "netns", "add", name])
    run([ip, "link", "add", name, "type", "veth", "peer", "name", INSIDE, "netns", name])
    run([ip, "address", "add", f"{network.machine}/30", "dev", name])
    run([ip, "link", "set", name, "up"])
    for device in ("lo", INSIDE):
        run([ip, "-n", name, "link", "set", device, "up"])
    run([ip, "-n", name, "address", "add", f"{network.node}/30", "dev", INSIDE])
    run([ip, "-n", name, "route", "add", "default", "via", network.machine])
    for subnet in (network.pods_of_node, network.services):
        run([ip, "route", "add", subnet, "via", network.node])
    FORWARDING.write_text("1")
    run([find("iptables", STEP), *_masquerade(network, "--append")])


def remove_link(network: Network) -> None:
    """Namespace, link, routes and the one packet rule of this machine."""
    ip, iptables = find("ip", STEP), find("iptables", STEP)
    if succeeds([iptables, *_masquerade(network, "--check")]):
        run([iptables, *_masquerade(network, "--delete")])
    if succeeds([ip, "link", "show", network.name]):
        run([ip, "link", "delete", network.name])
    if (NAMESPACES / network.name).exists():
        run([ip, "netns", "delete", network.name])


def _masquerade(network: Network, act: str) -> list[str]:
    outside = ["--source", network.pods, "!", "--out-interface", network.name]
    comment = ["--match", "comment", "--comment", network.name]
    return ["--wait", "--table", "nat", act, "POSTROUTING", *outside, *comment, "--jump", "MASQUERADE"]
