"""The journal of one cluster: intent is written, and on disk, before anything is done.

One JSON event a line, appended and fsynced. A kill -9 may leave half a last line; it is ignored, and cut off by the
next append: what it announced was not begun. Only the holder of the cluster's lock appends.
"""

import os
from pathlib import Path

import msgspec

from shoal.backends.local.paths import journal_path, known_clusters
from shoal.desired.cluster import DesiredCluster, DesiredNode
from shoal.errors import ActionFailed, ClusterUnknown


class JournalDamaged(ActionFailed):
    """A line of a cluster's journal can't be understood: the disk or an editor changed it, or a newer Shoal wrote it.

    A line that was cut off by a crash is no damage; this one is whole. Shoal does not guess which processes are the
    cluster's, so nothing was done. Use the Shoal that wrote it; or delete the line if you know what it was. Every
    process of the cluster has SHOAL_NODE in its environment (`grep -al SHOAL_NODE /proc/[0-9]*/environ`).
    """

    code = "E208"


class Prepared(msgspec.Struct, frozen=True, tag=True):
    """Folders, token and ports of the cluster are about to be made. uid: eight characters, unique to it."""

    uid: str
    ports: dict[str, int]
    wanted: DesiredCluster


class Moved(msgspec.Struct, frozen=True, tag=True):
    """The head is about to be started on these ports, as others were taken meanwhile."""

    ports: dict[str, int]


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


Event = Prepared | Moved | Wanted | Starting | Started | Stopping | Stopped | Removing


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
    """What the journal at ``path`` says; None if there is none or it does not begin with Prepared.

    Raises JournalDamaged.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    record: Record | None = None
    for number, line in enumerate(raw.split(b"\n")[:-1], 1):
        try:
            record = _fold(record, _DECODER.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
            raise JournalDamaged(
                f"it can't be understood: {error}", where=f"{path}:{number}", next_step="see `shoal explain E208`"
            ) from error
    return record


def of(cluster: str) -> Record:
    """What the journal of ``cluster`` says. Raises ClusterUnknown, JournalDamaged."""
    record = read(journal_path(cluster))
    if record is None:
        raise ClusterUnknown(cluster, known_clusters())
    return record


def append(path: Path, *events: Event) -> None:
    """Write ``events`` and return once they are on disk. Raises OSError, as when the disk is full; then none counts."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = _end_of_whole_lines(descriptor)
        os.ftruncate(descriptor, end)
        data = b"".join(msgspec.json.encode(event) + b"\n" for event in events)
        try:
            _write(descriptor, data, end)
        except OSError:
            os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes, offset: int) -> None:
    written = 0
    while written < len(data):
        written += os.pwrite(descriptor, data[written:], offset + written)
    os.fsync(descriptor)


def _end_of_whole_lines(descriptor: int) -> int:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0).rfind(b"\n") + 1


def _fold(record: Record | None, event: Event) -> Record | None:
    if isinstance(event, Prepared):
        return Record(event.uid, event.ports, event.wanted)
    if record is None:
        return None
    match event:
        case Moved():
            return msgspec.structs.replace(record, ports=event.ports)
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
