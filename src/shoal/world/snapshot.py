"""What exists, frozen at one moment. Backends parse their raw answers into this; everything after reads only this."""

from enum import StrEnum

import msgspec

from shoal.desired.cluster import DesiredCluster, Role


class Phase(StrEnum):
    """Where a node is in its life."""

    STARTING = "Starting"  # asked for; Ray does not see it yet
    RUNNING = "Running"  # it runs and Ray's GCS says ALIVE
    DEAD = "Dead"  # it was started and has ended
    STOPPING = "Stopping"  # its end was asked for and is not complete


class Seat(msgspec.Struct, frozen=True, order=True):
    """A node's place in its group. number: from 0; life: how many were in that place before it."""

    number: int
    life: int = 0


class Drain(msgspec.Struct, frozen=True):
    """A node's farewell. ray_id: the raylet that is to go; deadline: when it ends at the latest, seconds since 1970;
    told: whether Ray knows of it."""

    ray_id: str
    deadline: float
    told: bool = True


class ObservedNode(msgspec.Struct, frozen=True):
    """One node that exists, or is known to have existed.

    detail: the backend's own words for why it is not running, or ""; reason: the same in CamelCase; next_step: what a
    person can do about it.
    ray_id: hex id under which Ray's GCS knows it, or knew it when it answered last; or "".
    outside: the GCS has not known it for so long that it is not about to come.
    resources: totals that Ray reports (CPU: cores, memory: bytes), empty until it is seen.
    pid: of the leading process, 0 where there is none.

    Of nodes that stand for one another, pods:
    edition: of the whole cluster's settings when it was started. adopted: False while it bears no note of ours.
    placed: it has a machine. ready: the place itself says so, whatever Ray says. created: seconds since 1970.
    unit: nodes with the same one live and die together. ends: when it is gone at the latest, if its end was asked for.
    filled: what was in the objects that it was started with, as in the World's ``filled``.
    """

    name: str
    role: Role
    group: str
    fingerprint: str
    phase: Phase
    detail: str = ""
    ray_id: str = ""
    resources: dict[str, float] = {}
    pid: int = 0
    reason: str = ""
    next_step: str = ""
    edition: str = ""
    adopted: bool = True
    seat: Seat = Seat(0)
    unit: str = ""
    placed: bool = True
    ready: bool = False
    outside: bool = False
    created: float = 0
    ends: float = 0
    drain: Drain | None = None
    filled: dict[str, str] = {}


class Filled(msgspec.Struct, frozen=True):
    """An object whose values were chosen by who made it. contents: a name of these values, which says nothing of them;
    since: when the object was made, seconds since 1970."""

    contents: str
    since: float


class World(msgspec.Struct, frozen=True):
    """One cluster as it is.

    begun: anything at all of it is there, be it only an empty folder.
    prepared: what every node needs (folders, ports, token) is there.
    removing: its end was begun and not finished; nothing may be started in it.
    wanted: the spec that was applied last, None when there is none.
    gone: names of nodes that are no more, which no new node gets; not all there ever were.
    gcs: whether Ray's GCS answers. unasked: it can be asked, and its first answer is still to come.
    objects: what nodes share, by ``KIND/NAME``, and the digest of what was applied last.
    doubted: those that may be gone, as nobody has looked lately. lost: those that are gone and were not to go.
    filled: those whose values nodes take with them when they start, and keep.
    had_its_head: its head is not replaced any more: it wants only one, and all of its nodes were ready once.
    holds: what keeps it from going until an operator lets go of it; on Kubernetes names of finalizers.
    idle_s: how long no driver was attached when Ray was asked last; None while one is, and where nobody asked.
    ended: of jobs among the objects, those that have come to an end, and whether they did what they were to do.
    """

    cluster: str
    begun: bool = False
    prepared: bool = False
    removing: bool = False
    wanted: DesiredCluster | None = None
    nodes: tuple[ObservedNode, ...] = ()
    gone: frozenset[str] = frozenset()
    gcs: bool = False
    unasked: bool = False
    objects: dict[str, str] = {}
    doubted: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    filled: dict[str, Filled] = {}
    had_its_head: bool = False
    holds: tuple[str, ...] = ()
    ended: dict[str, bool] = {}
    idle_s: int | None = None

    def node(self, name: str) -> ObservedNode | None:
        """The node called ``name``, None if it does not exist."""
        return next((node for node in self.nodes if node.name == name), None)

    @property
    def absent(self) -> bool:
        """Nothing at all is left of the cluster, or it never was."""
        return not (self.begun or self.prepared or self.removing or self.nodes)
