"""The journal, /proc and Ray's own word, read into a World."""

from shoal.backends.local import journal, listeners, paths, processes
from shoal.backends.local.journal import NodeRecord, Record
from shoal.backends.local.paths import journal_path, output_path, token_path
from shoal.backends.local.processes import Process
from shoal.desired.cluster import Role
from shoal.engine.gcs import GcsUnauthorized, GcsUnreachable, RayNode, known_nodes
from shoal.engine.ray_start import LOOPBACK
from shoal.world.snapshot import ObservedNode, Phase, World

GCS_PATIENCE_S = 1.0


def observe(cluster: str) -> World:
    """What exists of ``cluster``: never older than this call, never taken from what was meant to happen."""
    if paths.names_no_cluster(cluster):
        return World(cluster)
    record = journal.read(journal_path(cluster))
    if record is None:
        return World(cluster, begun=paths.cluster_folder(cluster).exists())
    found = listeners.on(record.ports.values())  # before the processes, so that whoever listens is among them
    running = processes.snapshot(record.uid)
    leaders = {launch: processes.leader(running, *identity(record, node)) for launch, node in record.nodes.items()}
    taken = _taken(record, found, running)
    head_lives = any(leaders[node.launch] for node in record.nodes.values() if node.node.role is Role.HEAD)
    seen = _ask_ray(cluster, record) if head_lives and record.ports["gcs"] not in taken.values() else None
    return World(
        cluster=cluster,
        begun=True,
        prepared=is_prepared(cluster, record),
        removing=record.removing,
        wanted=record.wanted,
        nodes=tuple(_node(node, leaders[node.launch], seen, taken, record.uid) for node in record.nodes.values()),
        gcs=seen is not None,
    )


def is_prepared(cluster: str, record: Record) -> bool:
    """Whether folders and token are there; without them nothing can be started."""
    return token_path(cluster).exists() and paths.runtime_folder(record.uid).is_dir()


def identity(record: Record, node: NodeRecord) -> tuple[str, int, int]:
    """By what the processes of a node are known: marker, and pid and start time of its leader if journalled."""
    return f"{record.uid}/{node.launch}", node.pid, node.ticks


def taken_ports(cluster: str) -> dict[str, int]:
    """Ports of ``cluster`` by name on which someone else listens. Raises ClusterUnknown."""
    record = journal.of(cluster)
    found = listeners.on(record.ports.values())
    return _taken(record, found, processes.snapshot(record.uid))


def _taken(record: Record, found: set[listeners.Socket], running: tuple[Process, ...]) -> dict[str, int]:
    own = {p.pid for node in record.nodes.values() for p in processes.members(running, *identity(record, node))}
    strangers = listeners.strangers(found, own)
    return {name: port for name, port in record.ports.items() if port in strangers}


def _ask_ray(cluster: str, record: Record) -> dict[str, RayNode] | None:
    """What the GCS knows of nodes, by launch; None when it does not answer."""
    try:
        token = token_path(cluster).read_text().strip()
        nodes = known_nodes(f"{LOOPBACK}:{record.ports['gcs']}", token, GCS_PATIENCE_S)
    except (GcsUnreachable, GcsUnauthorized, FileNotFoundError):
        return None  # another cluster's GCS, which refuses our token, is not ours either
    return {node.instance_id: node for node in nodes}


def _node(
    node: NodeRecord, leader: Process | None, seen: dict[str, RayNode] | None, taken: dict[str, int], uid: str
) -> ObservedNode:
    ray = (seen or {}).get(node.launch)
    phase, detail = _phase(node, leader, ray, taken if node.node.role is Role.HEAD else {})
    if phase is Phase.DEAD and not detail:
        detail = _last_words(uid, node.launch)
    return ObservedNode(
        name=node.node.name,
        role=node.node.role,
        group=node.node.group,
        fingerprint=node.node.fingerprint,
        phase=phase,
        detail=detail,
        ray_id=ray.node_id if ray else "",
        resources=ray.resources if ray else {},
        pid=leader.pid if leader else 0,
    )


def _phase(node: NodeRecord, leader: Process | None, ray: RayNode | None, taken: dict[str, int]) -> tuple[Phase, str]:
    if node.stopping:
        return Phase.STOPPING, ""
    if leader is None:
        return Phase.DEAD, "" if node.pid else "its start was cut off before anything ran"
    if taken:
        told = ", ".join(f"{port} ({name})" for name, port in taken.items())
        return Phase.DEAD, f"another program listens on its port {told}"
    if ray is None:
        return Phase.STARTING, ""
    return (Phase.RUNNING, "") if ray.alive else (Phase.DEAD, "Ray declared it dead: it did not answer")


def _last_words(uid: str, launch: str) -> str:
    """Why the node ended, as far as its own output says."""
    try:
        text = output_path(uid, launch).read_text(errors="replace")
    except FileNotFoundError:
        return f"process ended, and its folder {paths.runtime_folder(uid) / launch} is gone"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if ("Error" in line or "error" in line) and "[state-dump]" not in line]
    if told:
        return f"process ended; it last said: {told[-1][:200]}"
    return "process ended without a word, as when it is killed"
