"""Ray's own command line, on the loopback address: ``python -m shoal.engine.loopback start ...``.

``ray start --node-ip-address=127.0.0.1`` takes the host's outside address instead, and Ray's servers then listen on
every interface. With RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 Ray believes a host to have no address but loopback, and all
that it starts listens there only; but then ``ray start`` refuses to join a cluster. So that one refusal is lifted here,
in this process; the variable itself is for what it starts.

A private seam of Ray 2.60: tests/e2e/test_local.py fails when it moves.
"""

import sys


def main() -> None:
    """Run Ray's command line with this process's arguments."""
    from ray._private import ray_constants, services
    from ray.scripts.scripts import main as ray

    from shoal.engine.launch_raylet import register_at_once

    ray_constants.ENABLE_RAY_CLUSTER = True
    services.get_node_ip_address = _loopback
    register_at_once(sys.argv)
    sys.argv[0] = "ray"
    ray()


def _loopback(address: str | None = None) -> str:
    return "127.0.0.1"


if __name__ == "__main__":
    main()
