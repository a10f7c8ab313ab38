"""The actions, done on this machine. Each one is journalled before it is begun and safe to begin again."""

import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from shoal.backends.local import archive, journal, paths, ports, processes
from shoal.backends.local.claims import claim_ports, leave_taken_ports, used_ports
from shoal.backends.local.journal import NodeRecord, Record
from shoal.backends.local.lock import choosing_ports
from shoal.backends.local.observe import identity
from shoal.backends.local.paths import journal_path, output_path, token_path
from shoal.backends.local.processes import MARKER
from shoal.desired.cluster import DesiredCluster, DesiredNode, Role
from shoal.engine.launch import Launch, spawn
from shoal.engine.ray_start import AGENT_PORTS, Place, arguments, node_environment
from shoal.errors import ActionFailed
from shoal.plan.actions import Action, PrepareCluster, RecordSpec, RemoveCluster, Stage, StartNode, StopNode

GRACE_S = 3.0  # from SIGTERM to SIGKILL
KILL_PATIENCE_S = 10.0


class ProcessSurvives(ActionFailed):
    """A process of the cluster is still there seconds after SIGKILL.

    It hangs in the kernel, mostly on a disk or network mount that does not answer. Nothing was removed. Mend that, then
    run `shoal down NAME` again.
    """

    code = "E205"


def apply(cluster: str, stage: Stage, demanded_ports: dict[str, int]) -> None:
    """Do the actions of one stage. The caller is inside ``changing(cluster)``."""
    starts = [action for action in stage if isinstance(action, StartNode)]
    stops = [action for action in stage if isinstance(action, StopNode)]
    if stops:
        stop(cluster, {action.node for action in stops})
    if starts:
        start(cluster, starts)
    for action in stage:
        _apply_to_cluster(cluster, action, demanded_ports)


def _apply_to_cluster(cluster: str, action: Action, demanded_ports: dict[str, int]) -> None:
    match action:
        case PrepareCluster():
            prepare(action.cluster, demanded_ports)
        case RecordSpec():
            journal.append(journal_path(cluster), journal.Wanted(action.cluster))
        case RemoveCluster():
            remove(cluster)
        case StartNode() | StopNode():
            pass  # done together, above


def prepare(cluster: DesiredCluster, demanded_ports: dict[str, int]) -> None:
    """Journal the cluster's identity and ports, then make its token and folders."""
    record = journal.read(journal_path(cluster.name))
    if record is None:
        uid = secrets.token_hex(4)
        asked = cluster.head.ports if cluster.head else {}
        with choosing_ports():
            chosen = ports.choose(asked, demanded_ports, used_ports())
            paths.make_private(paths.cluster_folder(cluster.name))
            journal.append(journal_path(cluster.name), journal.Prepared(uid, chosen, cluster))
            claim_ports(cluster.name)
    else:
        uid = record.uid
        if record.wanted != cluster:
            journal.append(journal_path(cluster.name), journal.Wanted(cluster))
    token = token_path(cluster.name)
    if not token.exists():
        paths.write_private(token, secrets.token_hex(32))
    paths.make_private(paths.runtime_folder(uid))


def start(cluster: str, actions: Sequence[StartNode]) -> None:
    """Start nodes side by side. Returns when their processes run, long before Ray has them all."""
    path = journal_path(cluster)
    with choosing_ports():
        if any(action.node.role is Role.HEAD for action in actions):
            leave_taken_ports(cluster)
        spare = ports.free(used_ports())
        intents = [_intent(action.node, spare) for action in actions]
        journal.append(path, *intents)
        claim_ports(cluster)
    record = journal.of(cluster)
    launches = [_launch(cluster, record, intent) for intent in intents]

    def started(index: int, pid: int) -> None:
        journal.append(path, journal.Started(intents[index].launch, pid, processes.start_ticks(pid)))

    spawn(launches, started)


def stop(cluster: str, names: set[str]) -> None:
    """End nodes side by side: SIGTERM to each leader, then SIGKILL to whatever is left."""
    record = journal.of(cluster)
    path = journal_path(cluster)
    ending = [node for node in record.nodes.values() if node.node.name in names]
    journal.append(path, *(journal.Stopping(node.launch) for node in ending))
    running = processes.snapshot(record.uid)
    mine = [process for node in ending for process in _members(record, node, running)]
    for process in mine:
        if process.pid == process.session:
            processes.send(process, signal.SIGTERM)
    processes.wait_gone(mine, GRACE_S)
    for node in ending:
        _kill_all(record, node)
    for node in ending:
        archive.keep_logs(cluster, record.uid, node)
        _remove_tree(paths.runtime_folder(record.uid) / node.launch)
    journal.append(path, *(journal.Stopped(node.launch) for node in ending))


def remove(cluster: str) -> None:
    """Remove what the cluster left. Its logs were kept when its nodes were stopped."""
    record = journal.read(journal_path(cluster))
    if record is not None:
        journal.append(journal_path(cluster), journal.Removing())
        _remove_runtime(cluster, record)
    # The journal goes last: cut off before it, it still tells of the rest; after it, only an empty folder is left.
    folder = paths.cluster_folder(cluster)
    for path in sorted(folder.iterdir(), key=lambda path: path == journal_path(cluster)):
        path.unlink()
    folder.rmdir()


def _remove_runtime(cluster: str, record: Record) -> None:
    strays = [process for process in processes.snapshot(record.uid) if process.marker]
    for process in strays:
        processes.send(process, signal.SIGKILL)
    if not processes.wait_gone(strays, KILL_PATIENCE_S):
        raise _survivor(cluster, strays[0].pid)
    _remove_tree(paths.runtime_folder(record.uid))


def place(record: Record, launch: str, agent_ports: dict[str, int]) -> Place:
    """Where one launch listens and keeps its files."""
    return Place(
        temp_dir=str(paths.runtime_folder(record.uid) / launch),
        gcs_port=record.ports["gcs"],
        dashboard_port=record.ports["dashboard"],
        client_port=record.ports["client"],
        agent_ports=agent_ports,
    )


def environment(cluster: str, record: Record, node: "journal.Starting | NodeRecord") -> dict[str, str]:
    """The whole environment of a node: this process's, without what would lead Ray elsewhere, and the node's own."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "SHOAL_"))}
    whole = inherited | node_environment(node.node, cluster, node.launch, str(token_path(cluster)))
    # The head's `python` and `ray` are those beside this interpreter, as in a pod they are the image's.
    return whole | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), whole.get("PATH", os.defpath)])}


def _intent(node: DesiredNode, spare: Iterator[int]) -> journal.Starting:
    agent_ports = {name: next(spare) for name in AGENT_PORTS}
    return journal.Starting(node, secrets.token_hex(3), time.time(), agent_ports)


def _launch(cluster: str, record: Record, intent: journal.Starting) -> Launch:
    folder = paths.runtime_folder(record.uid) / intent.launch
    paths.make_private(folder)
    return Launch(
        argv=arguments(intent.node, place(record, intent.launch, intent.agent_ports)),
        env=environment(cluster, record, intent) | {MARKER: f"{record.uid}/{intent.launch}"},
        output=str(output_path(record.uid, intent.launch)),
        cwd=str(folder),
    )


def _members(record: Record, node: NodeRecord, running: tuple[processes.Process, ...]) -> tuple[processes.Process, ...]:
    return processes.members(running, *identity(record, node))


def _kill_all(record: Record, node: NodeRecord) -> None:
    """SIGKILL until none is left: between a look and a signal a process may have forked."""
    deadline = time.monotonic() + KILL_PATIENCE_S
    while left := _members(record, node, processes.snapshot(record.uid)):
        if time.monotonic() > deadline:
            raise _survivor(node.node.name, left[0].pid)
        for process in left:
            processes.send(process, signal.SIGKILL)
        processes.wait_gone(left, 1.0)


def _survivor(whose: str, pid: int) -> ProcessSurvives:
    return ProcessSurvives(f"process {pid} of {whose} does not end, not even by SIGKILL", next_step="see `ps` about it")


def _remove_tree(folder: Path) -> None:
    """Remove ``folder`` if it is there, also what a job made read-only in it."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except PermissionError:
        for inner, _, _ in os.walk(folder):
            Path(inner).chmod(0o700)
        shutil.rmtree(folder)
