"""Addresses and ports of a lab. Each lab has a number of its own, and all that could collide follows from it."""

import json
import socket
from dataclasses import dataclass

from lab.errors import LabError
from lab.folders import Run

FIRST_PORT = 20_100
PORTS = ("etcd", "etcd-peers", "api", "controllers", "scheduler")
LABS = 20
FAKE_POD_NETWORK = "10.99.0.1/16"
"""The made-up addresses of pods on fake nodes: they lead nowhere, so they are the same in every lab."""


@dataclass(frozen=True)
class Network:
    """Lab ``number`` of this machine: 10.120+number are its services, 10.140+number its node and pods."""

    number: int

    @property
    def services(self) -> str:
        """The subnet of services."""
        return f"10.{120 + self.number}.0.0/16"

    @property
    def api_service(self) -> str:
        """The address of the service ``kubernetes``: the first one."""
        return f"10.{120 + self.number}.0.1"

    @property
    def dns_service(self) -> str:
        """The address of the cluster's DNS."""
        return f"10.{120 + self.number}.0.10"

    @property
    def pods(self) -> str:
        """The subnet of the node and all pods."""
        return f"10.{140 + self.number}.0.0/16"

    @property
    def machine(self) -> str:
        """This machine, as the node and its pods see it; the API server says that it is there."""
        return f"10.{140 + self.number}.0.1"

    @property
    def node(self) -> str:
        """The node, as this machine sees it."""
        return f"10.{140 + self.number}.0.2"

    @property
    def bridge(self) -> str:
        """The node, as its pods see it: the address of the bridge that they hang on."""
        return f"10.{140 + self.number}.1.1"

    @property
    def pods_of_node(self) -> str:
        """The subnet from which the node's pods get their addresses."""
        return f"10.{140 + self.number}.1.0/24"

    @property
    def name(self) -> str:
        """Of the node's network namespace, its end of the link, and its group of control groups."""
        return f"shoal-lab-{self.number}"

    def port(self, name: str) -> int:
        """What one of ``PORTS`` listens on."""
        return FIRST_PORT + len(PORTS) * self.number + PORTS.index(name)


def network_of(run: Run) -> Network:
    """The lab's network: a number whose ports are free, chosen the first time, then kept."""
    path = run.folder / "network.json"
    if not path.exists():
        free = (number for number in range(LABS) if all(map(_is_free, map(Network(number).port, PORTS))))
        chosen = next(free, None)
        if chosen is None:
            raise LabError(f"{LABS} labs run on this machine", "end one: python -m lab --run DIR down")
        path.write_text(json.dumps({"number": chosen}))
    return Network(**json.loads(path.read_text()))


def _is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
