"""Which pods stand for the nodes that a spec asks for.

A group wants a number of nodes, not particular ones. Here each wanted node gets the name of the pod that stands for it
already, and those that are missing get names for new pods. A name is a function of the cluster's uid, the group, the
seat and the life, so whoever decides on an old picture asks for the same name (docs/decisions/0006-the-operator.md).
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

import msgspec
from msgspec.structs import replace

from shoal.desired.cluster import DesiredCluster, DesiredNode, Role
from shoal.desired.kubernetes.names import pod_prefix
from shoal.world.snapshot import ObservedNode, Phase, Seat, World

LATE_S = 5
"""Past the end of its grace period a pod is gone, unless its machine is."""
ALPHABET = "0123456789bcdfghjklmnpqrstvwxz"
"""Without vowels: no suffix reads as a word."""

UNKNOWN = "*****"


class Unit(msgspec.Struct, frozen=True):
    """Nodes of one group that live and die together: one pod, or the hosts of a replica. number: the unit's seat."""

    number: int
    life: int
    nodes: tuple[ObservedNode, ...]

    def is_leaving(self, now: float) -> bool:
        """Whether something of it is on its way out, and not late."""
        return any(node.phase is Phase.STOPPING and now <= node.ends + LATE_S for node in self.nodes)

    def broken(self, departing: frozenset[str]) -> bool:
        """Whether one of its nodes has ended, is about to, or is asked to go."""
        return any(
            node.phase in (Phase.DEAD, Phase.STOPPING) or node.drain is not None or node.name in departing
            for node in self.nodes
        )


def seated(desired: DesiredCluster, world: World, now: float) -> DesiredCluster:
    """``desired`` with every node named after the pod that stands for it, or that is to be made for it.

    now: seconds since 1970. A pod that is on its way out keeps its seat, so that everybody gives that to the same
    successor; unless it is late, as where a machine is lost. A name that was a gone pod's goes to no new one, where the
    world still tells of it: who waits for the deleted pod's successor knows it by its other name.
    """
    present: dict[str, list[ObservedNode]] = defaultdict(list)
    for node in world.nodes:
        present[node.group].append(node)
    nodes: list[DesiredNode] = []
    for group, wanted in _by_group(desired.nodes):
        nodes += _seat_group(desired, wanted, present[group], now, desired.departing | world.gone)
    return replace(desired, nodes=tuple(nodes))


def pod_name(desired: DesiredCluster, node: DesiredNode, seat: Seat) -> str:
    """The one name of a pod in this seat and life; with asterisks while the cluster has no uid."""
    group = None if node.role is Role.HEAD else node.group
    if not desired.uid:
        return pod_prefix(desired.name, group) + UNKNOWN
    key = f"{desired.uid}/{node.group}/{seat.number}/{seat.life}"
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
    suffix = "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(5))
    return pod_prefix(desired.name, group) + suffix


def _by_group(nodes: Iterable[DesiredNode]) -> Iterator[tuple[str, list[DesiredNode]]]:
    groups: dict[str, list[DesiredNode]] = defaultdict(list)
    for node in nodes:
        groups[node.group].append(node)
    yield from groups.items()


def _seat_group(
    desired: DesiredCluster,
    wanted: Sequence[DesiredNode],
    present: Sequence[ObservedNode],
    now: float,
    used: frozenset[str],
) -> Iterator[DesiredNode]:
    if wanted[0].role is Role.HEAD:
        yield _seat_head(desired, wanted[0], present)
        return
    hosts = sum(node.unit == wanted[0].unit for node in wanted) if wanted[0].unit else 1
    used = used | {node.name for node in present}
    units = _units(present, hosts)
    whole = [unit for unit in units if _is_whole(desired, wanted[:hosts], unit, used)]
    staying = _staying(whole, len(wanted) // hosts, desired.departing)
    leaving = sorted((unit for unit in units if unit.is_leaving(now)), key=lambda unit: unit.number)
    held = leaving[: len(wanted) // hosts - len(staying)]
    taken = {unit.number for unit in (*staying, *held)}
    free = (number for number in count() if number not in taken)
    lives = {unit.number: unit.life for unit in sorted(units, key=lambda unit: unit.life)}
    replicas = [wanted[index : index + hosts] for index in range(0, len(wanted), hosts)]
    for mates, unit in zip(replicas, staying, strict=False):
        yield from _fill(desired, mates, unit)
    for mates, unit in zip(replicas[len(staying) :], held, strict=False):
        yield from _hold(mates, unit)
    for mates in replicas[len(staying) + len(held) :]:
        number = next(free)
        yield from _fresh(desired, mates, number, lives.get(number, -1) + 1, used)


def _seat_head(desired: DesiredCluster, wanted: DesiredNode, present: Sequence[ObservedNode]) -> DesiredNode:
    """A head that is on its way out keeps its seat until it is gone: there is never a second one."""
    alive = sorted((node for node in present if node.phase is not Phase.DEAD), key=lambda node: node.seat)
    if alive:
        return replace(wanted, name=alive[0].name, seat=_note(alive[0].seat))
    life = max((node.seat.life for node in present), default=-1) + 1
    return _named(desired, wanted, Seat(0, life))


def _units(present: Sequence[ObservedNode], hosts: int) -> list[Unit]:
    nodes: dict[str, list[ObservedNode]] = defaultdict(list)
    for node in present:  # another operator may have marked no replicas
        nodes[node.unit or f"{node.seat.number // hosts}.{node.seat.life}"].append(node)
    return [
        Unit(min(node.seat.number for node in mates) // hosts, max(node.seat.life for node in mates), tuple(mates))
        for mates in nodes.values()
    ]


def _is_whole(desired: DesiredCluster, mates: Sequence[DesiredNode], unit: Unit, used: frozenset[str]) -> bool:
    """Whether a unit is one of so many hosts, or can still become one: what it lacks was never there, and it was made
    from what is wanted."""
    hosts = len(mates)
    there = {node.seat.number % hosts for node in unit.nodes}
    if len(there) < len(unit.nodes):
        return False
    lacking = {_pod(desired, mates[0], unit.number * hosts + host, unit.life) for host in {*range(hosts)} - there}
    if not lacking and all(bool(node.unit) == bool(mates[0].unit) for node in unit.nodes):
        return True
    alike = all(not node.adopted or node.fingerprint == mates[0].fingerprint for node in unit.nodes)
    return alike and used.isdisjoint(lacking)


def _staying(units: Iterable[Unit], number: int, departing: frozenset[str]) -> list[Unit]:
    """The units that stay: those that have a machine before those that wait for one, then the oldest seats."""
    whole = [unit for unit in units if not unit.broken(departing)]
    whole.sort(key=lambda unit: (not all(node.placed for node in unit.nodes), unit.number))
    return sorted(whole[:number], key=lambda unit: unit.number)


def _fill(desired: DesiredCluster, mates: Sequence[DesiredNode], unit: Unit) -> Iterator[DesiredNode]:
    """The nodes of a unit that stays; hosts of it that are not there yet are made."""
    there = {node.seat.number % len(mates): node for node in unit.nodes}
    for host, wanted in enumerate(mates):
        node = there.get(host)
        if node is None:
            seat = Seat(unit.number * len(mates) + host, unit.life)
            yield replace(_named(desired, wanted, seat), unit=unit.nodes[0].unit)
        else:
            yield replace(wanted, name=node.name, seat=_note(node.seat), unit=node.unit)


def _hold(mates: Sequence[DesiredNode], unit: Unit) -> Iterator[DesiredNode]:
    """The nodes of a unit that leaves, which nothing is done about; those that don't yet leave aren't among them."""
    leaving = [node for node in unit.nodes if node.phase is Phase.STOPPING]
    for wanted, node in zip(mates, leaving, strict=False):
        yield replace(wanted, name=node.name, seat=_note(node.seat), unit=node.unit)


def _fresh(
    desired: DesiredCluster, mates: Sequence[DesiredNode], number: int, life: int, used: frozenset[str]
) -> Iterator[DesiredNode]:
    hosts = len(mates)
    while any(_pod(desired, mates[0], number * hosts + host, life) in used for host in range(hosts)):
        life += 1
    unit = f"{mates[0].group}-{_suffix(desired, mates[0], number, life)}" if mates[0].unit else ""
    for host, wanted in enumerate(mates):
        yield replace(_named(desired, wanted, Seat(number * hosts + host, life)), unit=unit)


def _named(desired: DesiredCluster, wanted: DesiredNode, seat: Seat) -> DesiredNode:
    return replace(wanted, name=pod_name(desired, wanted, seat), seat=_note(seat))


def _pod(desired: DesiredCluster, node: DesiredNode, number: int, life: int) -> str:
    return pod_name(desired, node, Seat(number, life))


def _suffix(desired: DesiredCluster, node: DesiredNode, number: int, life: int) -> str:
    return _pod(desired, node, number, life)[-5:]


def _note(seat: Seat) -> str:
    return f"{seat.number}.{seat.life}"
