"""Which ports are given to which cluster, over all state homes of this user."""

import msgspec

from shoal.backends.local import journal, paths, ports
from shoal.backends.local.paths import journal_path


def used_ports(except_of: str = "") -> set[int]:
    """Ports that any cluster of this user was given, whether it runs now or not, but for the one with that uid."""
    claims = [path for path in paths.runtime_home().glob("*/ports.json") if path != paths.claim_path(except_of)]
    return {port for path in claims for port in msgspec.json.decode(path.read_bytes(), type=set[int])}


def claim_ports(cluster: str) -> None:
    """Let clusters of other state homes know what the journal says that this one was given."""
    record = journal.of(cluster)
    given = {*record.ports.values()}.union(*(node.agent_ports.values() for node in record.nodes.values()))
    paths.make_private(paths.runtime_folder(record.uid))
    paths.write_private(paths.claim_path(record.uid), msgspec.json.encode(sorted(given)).decode())


def leave_taken_ports(cluster: str) -> None:
    """Other ports for a head whose own were taken by someone else since it last ran."""
    record = journal.of(cluster)
    chosen = ports.choose(record.ports, {}, used_ports(except_of=record.uid))
    if chosen != record.ports:
        journal.append(journal_path(cluster), journal.Moved(chosen))
