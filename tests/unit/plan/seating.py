"""Clusters of pods for tests: what is wanted, and what a place that carries out plans makes of them."""

from collections.abc import Mapping

from msgspec.structs import replace

from shoal.desired.cluster import HEAD_GROUP, DesiredCluster, DesiredNode, Lifecycle, Role
from shoal.plan.actions import AdoptNode, DrainNode, Plan, StartNode, StopNode
from shoal.plan.diff import diff
from shoal.plan.seats import seated
from shoal.world.snapshot import Drain, ObservedNode, Phase, Seat, World

TENDED = Lifecycle(tended=True, workers_outlive_head=True, on_change="keep", drain_s=0)


def wanted(
    groups: Mapping[str, int],
    *,
    hosts: int = 1,
    lifecycle: Lifecycle = TENDED,
    departing: tuple[str, ...] = (),
    templates: Mapping[str, str] | None = None,
    suspended: bool = False,
) -> DesiredCluster:
    """A head, and of each group so many replicas. templates: digest by group, "one" if not given."""
    digests = dict(templates or {})
    edition = ",".join(f"{group}={digest}" for group, digest in sorted(digests.items()))

    def node(name: str, role: Role, group: str, unit: str = "") -> DesiredNode:
        return DesiredNode(name, role, group, {}, template=digests.get(group, "one"), unit=unit, edition=edition)

    nodes = [node("head", Role.HEAD, HEAD_GROUP)]
    for group, replicas in groups.items():
        for index in range(replicas * hosts):
            unit = f"{group}-{index // hosts}" if hosts > 1 else ""
            nodes.append(node(f"{group}-{index}", Role.WORKER, group, unit))
    return DesiredCluster(
        "c",
        "",
        () if suspended else tuple(nodes),
        uid="uid-1",
        departing=frozenset(departing),
        lifecycle=lifecycle,
    )


class Place:
    """Somewhere that pods are: it does what a plan says, and nothing else happens unless a test says so."""

    def __init__(self) -> None:
        self.nodes: dict[str, ObservedNode] = {}
        self.gone: dict[tuple[str, int], str] = {}
        self.created: list[str] = []
        self.deleted: list[str] = []
        self.now = 1000.0
        self.shared = World("c", begun=True, prepared=True, gcs=True)

    @property
    def world(self) -> World:
        """What is there, with Ray alive where its pod is."""
        nodes = tuple(sorted(self.nodes.values(), key=lambda node: node.name))
        return replace(self.shared, nodes=nodes, gone=frozenset(self.gone.values()))

    def plan(self, desired: DesiredCluster) -> Plan:
        """What would be done now."""
        return diff(seated(desired, self.world, self.now), self.world, self.now)

    def step(self, desired: DesiredCluster) -> Plan:
        """Do what is to be done now."""
        plan = self.plan(desired)
        for action in plan.actions:
            match action:
                case StartNode():
                    self._start(action.node)
                case StopNode():
                    self.deleted.append(action.node)
                    self.set(action.node, phase=Phase.STOPPING, ends=self.now + 30)
                case DrainNode():
                    self.set(action.node, drain=Drain(action.ray_id, self.now + action.deadline_s))
                case AdoptNode():
                    self.set(action.node, adopted=True, fingerprint=action.template, edition=action.edition)
        return plan

    def settle(self, desired: DesiredCluster) -> int:
        """Step until nothing is left to do, everything running and going as it should meanwhile; how many steps."""
        for steps in range(60):
            self.run()
            self.finish()
            plan = self.step(desired)
            if not plan and not any(node.drain for node in self.nodes.values()):
                return steps
            self.now += 5
        raise AssertionError(f"not settled: {self.plan(desired)}")

    def run(self) -> None:
        """Everything that starts is running now."""
        for name, node in self.nodes.items():
            if node.phase is Phase.STARTING:
                self.set(name, phase=Phase.RUNNING, ready=True, placed=True, ray_id=f"ray-{name}")

    def finish(self) -> None:
        """What was to end has ended."""
        for node in [node for node in self.nodes.values() if node.phase is Phase.STOPPING]:
            del self.nodes[node.name]
            self.gone[node.group, node.seat.number] = node.name

    def die(self, name: str) -> None:
        """A pod fails."""
        self.set(name, phase=Phase.DEAD, ready=False)

    def set(self, name: str, **fields: object) -> None:
        """Change what is observed of a node."""
        self.nodes[name] = replace(self.nodes[name], **fields)

    def names(self, group: str) -> list[str]:
        """Pods of a group that are not about to go."""
        return [n.name for n in self.world.nodes if n.group == group and n.phase is not Phase.STOPPING]

    def head(self) -> ObservedNode:
        """The head."""
        return next(node for node in self.nodes.values() if node.role is Role.HEAD)

    def _start(self, node: DesiredNode) -> None:
        assert node.name not in self.nodes, f"{node.name} is there already"
        number, life = node.seat.split(".")
        self.created.append(node.name)
        self.nodes[node.name] = ObservedNode(
            node.name,
            node.role,
            node.group,
            node.template,
            Phase.STARTING,
            edition=node.edition,
            seat=Seat(int(number), int(life)),
            unit=node.unit,
            placed=False,
            created=self.now,
        )
