"""The journal of one cluster: intent is written, and on disk, before anything is done.

One JSON event a line, appended and fsynced. A kill -9 may leave half a last line; it is ignored, and cut off by the
next append: what it announced was not begun. Only the holder of the cluster's lock appends.
"""

import os
from pathlib import Path

import msgspec

from shoal.desired.cluster import DesiredCluster, DesiredNode


class Prepared(msgspec.Struct, frozen=True, tag=True):
    """Folders, token and ports of the cluster are about to be made. uid: eight characters, unique to it."""

    uid: str
    ports: dict[str, int]
    wanted: DesiredCluster


class Wanted(msgspec.Struct, frozen=True, tag=True):
    """The spec is now this one."""

    cluster: DesiredCluster


class Starting(msgspec.Struct, frozen=True, tag=True):
    """A node is about to be started. launch: unique to this start; every process of it carries it in its environment.

    at: seconds since the epoch. agent_ports: by option of `ray start`.
    """

    node: DesiredNode
    launch: str
    at: float
    agent_ports: dict[str, int]


class Started(msgspec.Struct, frozen=True, tag=True):
    """The start worked. pid: of the leader of the node's session; ticks: its start time as in /proc/PID/stat."""

    launch: str
    pid: int
    ticks: int


class Stopping(msgspec.Struct, frozen=True, tag=True):
    """A node is about to be ended."""

    launch: str


class Stopped(msgspec.Struct, frozen=True, tag=True):
    """Nothing of the node is left but its logs."""

    launch: str


class Removing(msgspec.Struct, frozen=True, tag=True):
    """Everything of the cluster is about to be removed."""


Event = Prepared | Wanted | Starting | Started | Stopping | Stopped | Removing


class NodeRecord(msgspec.Struct, frozen=True):
    """What the journal knows of one start of a node. pid is 0 until the start is known to have worked."""

    node: DesiredNode
    launch: str
    at: float
    agent_ports: dict[str, int]
    pid: int = 0
    ticks: int = 0
    stopping: bool = False


class Record(msgspec.Struct, frozen=True):
    """All that the journal says: events folded, in order. ``nodes`` is keyed by launch."""

    uid: str
    ports: dict[str, int]
    wanted: DesiredCluster
    nodes: dict[str, NodeRecord] = {}
    removing: bool = False


_DECODER = msgspec.json.Decoder(Event)


def read(path: Path) -> Record | None:
    """What the journal at ``path`` says; None if there is none or it does not begin with Prepared."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    record: Record | None = None
    for line in raw[: raw.rfind(b"\n") + 1].splitlines():
        record = _fold(record, _DECODER.decode(line))
    return record


def append(path: Path, *events: Event) -> None:
    """Write ``events`` and return once they are on disk. Raises OSError, as when the disk is full; then none counts."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = _end_of_whole_lines(descriptor)
        os.ftruncate(descriptor, end)
        data = b"".join(msgspec.json.encode(event) + b"\n" for event in events)
        written = 0
        while written < len(data):
            written += os.pwrite(descriptor, data[written:], end + written)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _end_of_whole_lines(descriptor: int) -> int:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0).rfind(b"\n") + 1


def _fold(record: Record | None, event: Event) -> Record | None:
    if isinstance(event, Prepared):
        return Record(event.uid, event.ports, event.wanted)
    if record is None:
        return None
    match event:
        case Wanted():
            return msgspec.structs.replace(record, wanted=event.cluster)
        case Removing():
            return msgspec.structs.replace(record, removing=True)
        case Starting():
            node = NodeRecord(event.node, event.launch, event.at, event.agent_ports)
            return _with_node(record, node)
        case Started():
            known = record.nodes[event.launch]
            return _with_node(record, msgspec.structs.replace(known, pid=event.pid, ticks=event.ticks))
        case Stopping():
            return _with_node(record, msgspec.structs.replace(record.nodes[event.launch], stopping=True))
        case Stopped():
            left = {launch: node for launch, node in record.nodes.items() if launch != event.launch}
            return msgspec.structs.replace(record, nodes=left)


def _with_node(record: Record, node: NodeRecord) -> Record:
    return msgspec.structs.replace(record, nodes=record.nodes | {node.launch: node})
