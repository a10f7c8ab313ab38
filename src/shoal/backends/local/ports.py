"""Free ports on the loopback address.

Chosen below the range from which the kernel takes ports for outgoing connections, and outside 10002 to 19999, which Ray
keeps for workers and refuses for anything else.
"""

import random
import socket
from collections.abc import Collection, Iterator

from shoal.errors import InputError

CANDIDATES = range(20000, 32000)
RAY_WORKER_PORTS = range(10002, 20000)
CONVENTIONAL = {"gcs": 6379, "dashboard": 8265, "client": 10001}


class PortTaken(InputError):
    """A port that was asked for by number can't be had.

    Another program listens on it, or it lies in 10002 to 19999, which Ray keeps for its workers. Without `--port` Shoal
    picks free ports by itself; `shoal env NAME` says which.
    """

    code = "E203"


def choose(wanted: dict[str, int], demanded: dict[str, int], used: Collection[int]) -> dict[str, int]:
    """Ports for ``gcs``, ``dashboard`` and ``client``.

    wanted: what the spec names; taken when free, replaced when not. demanded: must be had. used: of other clusters.
    Raises PortTaken.
    """
    ports = {name: _demand(name, port, used, demanded) for name, port in demanded.items()}
    taken = {*used, *ports.values()}
    for name, usual in CONVENTIONAL.items():
        if name not in ports:
            preferred = wanted.get(name, usual)
            ok = preferred not in RAY_WORKER_PORTS and preferred not in taken and is_free(preferred)
            ports[name] = preferred if ok else next(free(taken))
            taken.add(ports[name])
    return {name: ports[name] for name in CONVENTIONAL}


def free(used: Collection[int]) -> Iterator[int]:
    """Free ports, none twice and none of ``used``."""
    for port in random.sample(CANDIDATES, len(CANDIDATES)):
        if port not in used and is_free(port):
            yield port


def is_free(port: int) -> bool:
    """Whether nothing listens on ``port`` of the loopback address or of all addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _demand(name: str, port: int, used: Collection[int], demanded: dict[str, int]) -> int:
    if list(demanded.values()).count(port) > 1:
        raise PortTaken(f"port {port} is asked for twice", next_step="name a port of its own for each")
    if port in RAY_WORKER_PORTS:
        raise PortTaken(
            f"{name} can't have port {port}: Ray keeps 10002 to 19999 for workers", next_step="choose another"
        )
    if port in used or not is_free(port):
        raise PortTaken(f"port {port} for {name} is taken", next_step="choose another, or leave out --port")
    return port
