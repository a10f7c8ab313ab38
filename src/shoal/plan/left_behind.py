"""Workers that a new head doesn't let in, as they were made from other settings: without a token that it asks for."""

from shoal.desired.cluster import DesiredCluster, Role
from shoal.plan.actions import Reason
from shoal.world.snapshot import ObservedNode, Phase, World

PATIENCE_S = 120
"""For which a head's Ray has not seen a worker, whenever it was asked, until that counts as left behind: one that has
lost its head, or has failed, starts Ray anew by itself, and comes back in that time if it is let in."""


def left_behind(desired: DesiredCluster, world: World) -> dict[str, Reason]:
    """The names of such workers, to be made anew from what their head was made from, and why."""
    reason = Reason(
        "LeftBehind", f"its head came later, from other settings, and Ray has not seen it for {PATIENCE_S} s since"
    )
    return {node.name: reason for node in may_be_behind(desired, world) if node.outside}


def may_be_behind(desired: DesiredCluster, world: World) -> tuple[ObservedNode, ...]:
    """Those that count as left behind unless Ray sees them in time: made before their head, and from other settings."""
    head = _new_head(desired, world)
    if head is None:
        return ()
    older = [node for node in world.nodes if _is_older(head, node)]
    wanted = {node.name: node.fingerprint for node in desired.nodes} if older else {}
    return tuple(node for node in older if node.name in wanted and node.fingerprint != wanted[node.name])


def _new_head(desired: DesiredCluster, world: World) -> ObservedNode | None:
    """The head whose Ray says who is in; None while it says nothing, and where nobody tends to its workers."""
    head = world.node(desired.head.name) if desired.head is not None and desired.lifecycle.tended else None
    return head if head is not None and head.phase is Phase.RUNNING and world.gcs else None


def _is_older(head: ObservedNode, node: ObservedNode) -> bool:
    """Whether it is a worker that its head's Ray doesn't see, from before that."""
    return (
        node.role is Role.WORKER
        and node.phase is Phase.STARTING
        and not node.ray_id
        and node.created < head.created
        and node.edition != head.edition
    )
