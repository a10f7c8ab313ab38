"""`shoal attach NAME`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console
from shoal.runtime.address import Address

if TYPE_CHECKING:
    from shoal.backends.base import Port

# For bash, which may set its prompt from files after it started; RAY_CLUSTER_NAME is in the head's environment.
PROMPT = 'case "$PS1" in "(\\$RAY_CLUSTER_NAME) "*) ;; *) PS1="(\\$RAY_CLUSTER_NAME) $PS1" ;; esac'
# The shell of whoever is logged in there, as far as the head's environment says; a pod's seldom does.
SHELL = 'exec "${SHELL:-$(command -v bash || echo /bin/sh)}" "$@"'
LISTENING_TIMEOUT_S = 1.0


@click.command("attach")
@cluster_argument
@click.option(
    "-p", "--port", "ports", multiple=True, type=click.IntRange(1, 65535), help="Say where this port of the head is."
)
@click.pass_obj
def command(console: Console, cluster: Address, ports: tuple[int, ...]) -> int:
    """Open a shell in the head's environment, as `ray attach` does. It ends with `exit`.

    The head of a cluster on this machine has all its ports on loopback. Of one on Kubernetes the ports that are named
    are forwarded for as long as the shell runs.
    """
    import sys

    from shoal.runtime.backend_for import backend_of

    backend = backend_of(cluster)
    with backend.ports(cluster.name, ports) as found:
        for line in reachable(found):
            console.say(line)
        terminal = sys.stdin.isatty()
        console.say(f"a shell on the head of {cluster.name}; `exit` comes back")
        shell = ["sh", "-c", SHELL, "sh", *(["-i"] if terminal else [])]
        command = ["env", f"PROMPT_COMMAND={PROMPT}", *shell]
        return backend.execute(cluster.name, command, stdin=True, tty=terminal)


def reachable(ports: "Iterable[Port]") -> list[str]:
    """For each port, where it is and whether anything listens there."""
    lines = []
    for port in ports:
        silent = "" if _listens(port.address) else ", where nothing listens now"
        lines.append(f"port {port.number}{f' ({port.name})' if port.name else ''} is at {port.address}{silent}")
    return lines


def _listens(address: str) -> bool:
    import socket

    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), LISTENING_TIMEOUT_S):
            return True
    except OSError:
        return False
