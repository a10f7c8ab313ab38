"""A desired node as the ``ray start`` that makes it: options and environment, nothing else decided here."""

from collections.abc import Mapping

import msgspec

from shoal.desired.cluster import DesiredNode, Role
from shoal.spec.ray_start import FLAGS, NO_FORK_HANDLERS, PLACING, PLACING_VARIABLES

LOOPBACK = "127.0.0.1"

TOKEN_ON = {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0"}
# Ray takes this to mean that a machine has no address but loopback; see engine/loopback.py.
LOOPBACK_ONLY = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}

# With these given, the raylet registers at once; else it waits until its agents, two Pythons, have told theirs.
AGENT_PORTS = (
    "dashboard-agent-listen-port",
    "dashboard-agent-grpc-port",
    "runtime-env-agent-port",
    "metrics-export-port",
)


class Place(msgspec.Struct, frozen=True):
    """Where one node of a loopback cluster listens, what it joins, and where it keeps its files.

    agent_ports: one for each of AGENT_PORTS.
    """

    temp_dir: str
    gcs_port: int
    dashboard_port: int
    client_port: int
    agent_ports: dict[str, int]


def arguments(node: DesiredNode, place: Place) -> tuple[str, ...]:
    """What follows ``ray`` on the command line. Nothing secret is in it."""
    fixed = ["start", "--block", "--log-color=false", f"--node-ip-address={LOOPBACK}", f"--temp-dir={place.temp_dir}"]
    # 0: the kernel picks; Ray's fixed range would clash between clusters of one machine.
    fixed += ["--min-worker-port=0", "--max-worker-port=0"]
    fixed += [f"--{name}={port}" for name, port in sorted(place.agent_ports.items())]
    if node.role is Role.HEAD:
        fixed += ["--head", f"--port={place.gcs_port}", f"--ray-client-server-port={place.client_port}"]
        fixed += [f"--dashboard-host={LOOPBACK}", f"--dashboard-port={place.dashboard_port}"]
        fixed += ["--disable-usage-stats", "--no-monitor"]
    else:
        fixed.append(f"--address={LOOPBACK}:{place.gcs_port}")
    return (*fixed, *_options(node.start_params))


def driver_environment(place: Place, token_path: str) -> dict[str, str]:
    """What a driver needs to reach the cluster from this machine."""
    return {
        "RAY_ADDRESS": f"{LOOPBACK}:{place.gcs_port}",
        "RAY_AUTH_TOKEN_PATH": token_path,
        **TOKEN_ON,
        **LOOPBACK_ONLY,
    }


def node_environment(node: DesiredNode, cluster: str, launch: str, token_path: str) -> dict[str, str]:
    """The node's own variables, and those by which Ray's state is joined to what asked for it."""
    return {
        **(NO_FORK_HANDLERS if node.role is Role.HEAD else {}),
        **{name: value for name, value in node.env.items() if name not in PLACING_VARIABLES},
        **TOKEN_ON,
        **LOOPBACK_ONLY,
        "RAY_AUTH_TOKEN_PATH": token_path,
        "RAY_CLUSTER_NAME": cluster,
        "RAY_CLOUD_INSTANCE_ID": launch,
        "RAY_NODE_TYPE_NAME": node.group,
    }


def _options(params: Mapping[str, str]) -> list[str]:
    options = []
    for name, value in sorted(params.items()):
        if name in PLACING:
            continue
        if name in FLAGS:
            options += [f"--{name}"] if value.lower() != "false" else []
        else:
            options.append(f"--{name}={value}")
    return options
