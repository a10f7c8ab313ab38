"""The options of `ray start`, over the versions of Ray that a manifest may ask for (2.9 to 2.60)."""

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
NUMBERS = frozenset(_TAKES_NUMBER.split())
"""Options that take a whole number."""
FLAGS = frozenset(_SWITCHES.split())
"""Options that take no value."""
OPTIONS = NUMBERS | FLAGS | frozenset(_TAKES_TEXT.split())
"""Every option, without the dashes in front."""
