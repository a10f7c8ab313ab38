"""The options of `ray start`, over the versions of Ray that a manifest may ask for (2.9 to 2.60), and its variables."""

import msgspec

_TAKES_NUMBER = """
    port dashboard-port dashboard-agent-listen-port dashboard-agent-grpc-port runtime-env-agent-port gcs-server-port
    object-manager-port node-manager-port min-worker-port max-worker-port ray-client-server-port metrics-export-port
    memory object-store-memory num-cpus num-gpus system-reserved-memory
"""
_TAKES_TEXT = """
    address node-ip-address node-name redis-username redis-password redis-shard-ports worker-port-list resources
    include-dashboard dashboard-host plasma-directory object-spilling-directory plasma-store-socket-name
    raylet-socket-name autoscaling-config temp-dir storage system-config tracing-startup-hook labels labels-file
    include-log-monitor system-reserved-cpu cgroup-path proxy-server-url log-style log-color verbose
"""
_SWITCHES = """
    head block no-redirect-output enable-object-reconstruction no-monitor ray-debugger-external disable-usage-stats
    enable-resource-isolation
"""
_PLACING = """
    address block dashboard-agent-grpc-port dashboard-agent-listen-port dashboard-host dashboard-port
    disable-usage-stats gcs-server-port head max-worker-port metrics-export-port min-worker-port no-monitor
    node-ip-address node-manager-port object-manager-port port ray-client-server-port redis-password redis-shard-ports
    redis-username runtime-env-agent-port temp-dir worker-port-list
"""
_PLACING_VARIABLES = """
    RAY_ADDRESS RAY_AUTH_MODE RAY_AUTH_TOKEN RAY_AUTH_TOKEN_PATH RAY_CLUSTER_NAME RAY_CLOUD_INSTANCE_ID
    RAY_NODE_TYPE_NAME RAY_USAGE_STATS_ENABLED RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER
"""


class HeadPort(msgspec.Struct, frozen=True):
    """A port on which the head listens. aliases: what its container port may be called, the usual name first."""

    name: str
    aliases: tuple[str, ...]
    option: str
    default: int


HEAD_PORTS = (
    HeadPort("gcs", ("gcs-server", "gcs", "redis"), "port", 6379),
    HeadPort("dashboard", ("dashboard",), "dashboard-port", 8265),
    HeadPort("client", ("client",), "ray-client-server-port", 10001),
)
HEAD_PORT_NAMED = {port.name: port for port in HEAD_PORTS}
HEAD_PORT_OF = {alias: port.name for port in HEAD_PORTS for alias in port.aliases}
"""The head's port that a container port stands for, by that one's name."""
OBJECT_STORE_LEAST_BYTES = 75 * 1024**2
"""Ray refuses to start with a smaller one."""
NUMBERS = frozenset(_TAKES_NUMBER.split())
"""Options that take a whole number."""
FLAGS = frozenset(_SWITCHES.split())
"""Options that take no value."""
OPTIONS = NUMBERS | FLAGS | frozenset(_TAKES_TEXT.split())
"""Every option, without the dashes in front."""
PLACING = frozenset(_PLACING.split())
"""Options that say where a node listens and what it joins: whoever starts the node decides them, not a manifest."""
PLACING_VARIABLES = frozenset(_PLACING_VARIABLES.split())
"""Variables that say the same, and who may come in."""
# Ray Client's server forks a process a client while gRPC's threads run, and gRPC's fork handlers then hang it or crash
# the child now and then (ray-project/ray#63202; 4 of 16 clients here, and 0 of 42 without the handlers). The child only
# execs, so it needs none. Ray sets its workers' own value.
NO_FORK_HANDLERS = {"GRPC_ENABLE_FORK_SUPPORT": "0"}
