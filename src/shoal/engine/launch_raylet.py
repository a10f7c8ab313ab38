"""Lets a node register before its agents are up.

A raylet tells the GCS the port of its dashboard agent. It takes that port by flag, but ``ray start`` never passes the
flag on, so every raylet waits until its agent, two CPU seconds of Python imports, has written the port to a file. When
``ray start`` is given the port, the raylet may as well be. The agents start as ever; only nobody waits for them.

A private seam of Ray 2.60: tests/unit/engine/test_launch_raylet.py fails when it moves.
"""

from collections.abc import Sequence
from typing import Any

OPTION = "--dashboard-agent-listen-port="
RAYLET_FLAG = "--dashboard_agent_listen_port="


def register_at_once(arguments: Sequence[str]) -> None:
    """Make the ``ray start`` of this process pass the agent's port of ``arguments`` on to the raylet it starts.

    Without that option among ``arguments`` nothing is changed.
    """
    port = next((word.removeprefix(OPTION) for word in arguments if word.startswith(OPTION)), "")
    if not port:
        return
    from ray._private import ray_constants, services

    start = services.start_ray_process

    def start_ray_process(command: list[str], process_type: str, *args: Any, **kwargs: Any) -> Any:
        if process_type == ray_constants.PROCESS_TYPE_RAYLET:
            command = [*command, RAYLET_FLAG + port]
        return start(command, process_type, *args, **kwargs)

    services.start_ray_process = start_ray_process
