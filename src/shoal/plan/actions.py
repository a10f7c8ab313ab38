"""The actions a backend can take, and the Plan: what is shown, tested and executed."""

from typing import Literal

import msgspec

from shoal.desired.cluster import DesiredCluster, DesiredNode, DesiredObject


class Reason(msgspec.Struct, frozen=True):
    """Why an action is taken.

    code: CamelCase and stable, as ``NodeDied``.
    message: one sentence for people, without a full stop.
    """

    code: str
    message: str


class PrepareCluster(msgspec.Struct, frozen=True, tag=True):
    """Make what all nodes share: folders, ports, the token; record what is wanted."""

    cluster: DesiredCluster
    reason: Reason


class RecordSpec(msgspec.Struct, frozen=True, tag=True):
    """Record a changed spec before anything is done about it."""

    cluster: DesiredCluster
    reason: Reason


class StartNode(msgspec.Struct, frozen=True, tag=True):
    """Start one node that does not exist."""

    node: DesiredNode
    reason: Reason


class StopNode(msgspec.Struct, frozen=True, tag=True):
    """End one node and forget it, whether it still runs or only its remains are there."""

    node: str
    reason: Reason


class RemoveCluster(msgspec.Struct, frozen=True, tag=True):
    """Keep the logs, then remove everything that the cluster left."""

    cluster: str
    reason: Reason


class ApplyObject(msgspec.Struct, frozen=True, tag=True):
    """Create an object that nodes share, or bring it to what is wanted."""

    object: DesiredObject
    reason: Reason


class RemoveObject(msgspec.Struct, frozen=True, tag=True):
    """Delete an object that was made for the cluster and is not wanted any more. object: ``KIND/NAME``."""

    object: str
    reason: Reason


class DrainNode(msgspec.Struct, frozen=True, tag=True):
    """Tell Ray to give a node no more work, and to let it finish what it has within ``deadline_s``."""

    node: str
    ray_id: str
    deadline_s: int
    reason: Reason


class AdoptNode(msgspec.Struct, frozen=True, tag=True):
    """Take over a node that another operator started, as it is. seat, template, edition: what is noted on it."""

    node: str
    seat: str
    template: str
    edition: str
    reason: Reason


class HoldCluster(msgspec.Struct, frozen=True, tag=True):
    """See to it that the cluster doesn't go before ``hold`` is released."""

    hold: str
    reason: Reason


class ReleaseCluster(msgspec.Struct, frozen=True, tag=True):
    """Let go of a cluster whose end was asked for. holds: as in the World."""

    holds: tuple[str, ...]
    reason: Reason


class EndIdle(msgspec.Struct, frozen=True, tag=True):
    """Suspend or delete a cluster that nobody uses."""

    policy: Literal["Suspend", "Delete"]
    reason: Reason


Action = (
    PrepareCluster
    | RecordSpec
    | StartNode
    | StopNode
    | RemoveCluster
    | ApplyObject
    | RemoveObject
    | DrainNode
    | AdoptNode
    | HoldCluster
    | ReleaseCluster
    | EndIdle
)
Stage = tuple[Action, ...]


class Plan(msgspec.Struct, frozen=True):
    """What takes the world to the spec.

    stages: done in order; the actions of one stage are independent of each other and done side by side.
    """

    cluster: str
    stages: tuple[Stage, ...] = ()

    @property
    def actions(self) -> tuple[Action, ...]:
        """All actions in order."""
        return tuple(action for stage in self.stages for action in stage)

    def __bool__(self) -> bool:
        return bool(self.stages)


class Forecast(msgspec.Struct, frozen=True):
    """What a cluster's operator does once its spec has changed. plan: its next step. notes: what that doesn't show."""

    plan: Plan
    notes: tuple[str, ...] = ()
