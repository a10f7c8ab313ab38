"""Workers that a new head doesn't let in, as they were made from other settings: without a token that it asks for."""

from shoal.desired.cluster import DesiredCluster, Role
from shoal.plan.actions import Reason, StopNode
from shoal.world.snapshot import ObservedNode, Phase, World

PATIENCE_S = 120
"""After a head was made, until a worker that Ray has not seen since counts as left behind: a worker that has lost its
head starts Ray anew by itself, and comes back within a minute if it is let in."""


def left_behind(desired: DesiredCluster, world: World, now: float) -> tuple[StopNode, ...]:
    """Such workers, to be made anew from what their head was made from. now: seconds since 1970."""
    head = _new_head(desired, world)
    if head is None or now < head.created + PATIENCE_S:
        return ()
    reason = Reason(
        "LeftBehind", f"its head came later, from other settings, and Ray has not seen it for {PATIENCE_S} s since"
    )
    return tuple(StopNode(node.name, reason) for node in world.nodes if _is_outside(desired, head, node))


def known_at(desired: DesiredCluster, world: World) -> float | None:
    """When a worker that is outside now counts as left behind, seconds since 1970; None where there is none."""
    head = _new_head(desired, world)
    if head is None or not any(_is_outside(desired, head, node) for node in world.nodes):
        return None
    return head.created + PATIENCE_S


def _new_head(desired: DesiredCluster, world: World) -> ObservedNode | None:
    """The head whose Ray says who is in; None while it says nothing, and where nobody tends to its workers."""
    head = world.node(desired.head.name) if desired.head is not None and desired.lifecycle.tended else None
    return head if head is not None and head.phase is Phase.RUNNING and world.gcs else None


def _is_outside(desired: DesiredCluster, head: ObservedNode, node: ObservedNode) -> bool:
    wanted = next((one for one in desired.nodes if one.name == node.name), None)
    return (
        wanted is not None
        and node.role is Role.WORKER
        and node.phase is Phase.STARTING
        and not node.ray_id
        and node.created < head.created
        and node.edition != head.edition
        and node.fingerprint != wanted.fingerprint
    )
