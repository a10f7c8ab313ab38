"""NetworkPolicies are kept on the node: by kube-router's firewall, without its routes and its proxy of services."""

from lab.build import program
from lab.folders import Run
from lab.link import inside, start_inside
from lab.modules import KUBE_ROUTER
from lab.network import Network
from lab.packages import STEP
from lab.processes import check_alive
from lab.shell import find, succeeds
from lab.waiting import wait_until

NAME = "policies"
CHAIN = "KUBE-ROUTER-FORWARD"
READY_S = 60.0


def start(run: Run, network: Network, node: str) -> None:
    """Start it, and wait until its rules are in force. The node has to be known to the API server."""
    find("ipset", STEP)
    parts = {"firewall": True, "router": False, "service-proxy": False}
    process = start_inside(
        run,
        network,
        NAME,
        [
            program(KUBE_ROUTER, "kube-router"),
            f"--kubeconfig={run.node_kubeconfig}",
            f"--hostname-override={node}",
            f"--service-cluster-ip-range={network.services}",
            *(f"--run-{part}={str(on).lower()}" for part, on in parts.items()),
            "--enable-cni=false",
            "--health-port=0",
        ],
    )
    rules = [*inside(network), find("iptables", STEP), "--wait", "--list-rules", CHAIN]

    def are_in_force() -> bool:
        check_alive(run, process)
        return succeeds(rules)

    wait_until(are_in_force, READY_S, "NetworkPolicies are in force", run.log(NAME))
