"""`shoal attach NAME`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console
from shoal.errors import HeadNotRunning

if TYPE_CHECKING:
    from shoal.backends.base import Endpoints

# For bash, which may set its prompt from files after it started; RAY_CLUSTER_NAME is in the head's environment.
PROMPT = 'case "$PS1" in "(\\$RAY_CLUSTER_NAME) "*) ;; *) PS1="(\\$RAY_CLUSTER_NAME) $PS1" ;; esac'
LISTENING_TIMEOUT_S = 1.0


@click.command("attach")
@cluster_argument
@click.option(
    "-p", "--port", "ports", multiple=True, type=click.IntRange(1, 65535), help="Say where this port of the head is."
)
@click.pass_obj
def command(console: Console, name: str, ports: tuple[int, ...]) -> int:
    """Open a shell ($SHELL) in the head's environment, as `ray attach` does. It ends with `exit`.

    The head of a cluster on this machine has all its ports on loopback, so nothing has to be forwarded.
    """
    import asyncio
    import os
    import sys

    from shoal.desired.cluster import Role
    from shoal.runtime.backend_for import backend_of
    from shoal.world.snapshot import Phase

    backend = backend_of(name)
    endpoints = backend.endpoints(name)
    world = asyncio.run(backend.observe(name))
    head = next((node for node in world.nodes if node.role is Role.HEAD), None)
    if head is None or head.phase in (Phase.DEAD, Phase.STOPPING):
        detail = f": {head.detail}" if head and head.detail else ""
        raise HeadNotRunning(f"its head does not run{detail}", where=name, next_step=f"see `shoal status {name}`")
    wanted = world.wanted.head.ports if world.wanted and world.wanted.head else {}
    for line in reachable(ports, wanted, endpoints):
        console.say(line)
    terminal = sys.stdin.isatty()
    console.say(f"on the head of {name}; `exit` comes back")
    shell = [os.environ.get("SHELL") or "/bin/sh", *(["-i"] if terminal else [])]
    return backend.execute(name, ["env", f"PROMPT_COMMAND={PROMPT}", *shell], tty=terminal)


def reachable(ports: Sequence[int], wanted: Mapping[str, int], endpoints: "Endpoints") -> list[str]:
    """For each port, where it is and whether anything listens there.

    wanted: ports that the spec names; a cluster may have been given others when those were taken.
    """
    addresses = {"gcs": endpoints.gcs, "dashboard": endpoints.dashboard, "client": endpoints.client}
    names = {number: name for name, number in wanted.items() if name in addresses}
    lines = []
    for port in ports:
        name = names.get(port, "")
        address = addresses.get(name, f"127.0.0.1:{port}")
        silent = "" if _listens(address) else ", where nothing listens now"
        lines.append(f"port {port}{f' ({name})' if name else ''} is at {address}{silent}")
    return lines


def _listens(address: str) -> bool:
    import socket

    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), LISTENING_TIMEOUT_S):
            return True
    except OSError:
        return False
