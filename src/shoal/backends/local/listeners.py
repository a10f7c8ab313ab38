"""Who listens where on this machine, as the kernel says."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

LISTENING = "0A"


Socket = tuple[int, str]
"""(port, inode)"""


def on(ports: Collection[int]) -> set[Socket]:
    """The sockets that listen on any of ``ports``, whose ever they are."""
    return {(port, inode) for _, port, inode in listening() if port in ports}


def strangers(found: Collection[Socket], pids: Iterable[int]) -> set[int]:
    """Ports of those sockets in ``found`` that none of the processes ``pids`` has open.

    pids: looked up after ``found``, so that a process which has just begun to listen is among them.
    """
    if not found:
        return set()
    own = {inode for pid in pids for inode in sockets(pid)}
    foreign = {socket for socket in found if socket[1] not in own}
    # One whose owner has ended since it was found is no one's any more.
    return {port for port, _ in foreign & on({port for port, _ in foreign})} if foreign else set()


def listening() -> Iterator[tuple[str, int, str]]:
    """(address in hex as the kernel writes it, port, inode) of every listening TCP socket."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(FileNotFoundError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                address, _, port = fields[1].rpartition(":")
                if fields[3] == LISTENING:
                    yield address, int(port, 16), fields[9]


def sockets(pid: int) -> set[str]:
    """Inodes of the sockets that a process of this user has open."""
    found = set()
    with suppress(OSError):  # it ended while we looked
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(str(entry.readlink()))
    return {link[len("socket:[") : -1] for link in found if link.startswith("socket:[")}
