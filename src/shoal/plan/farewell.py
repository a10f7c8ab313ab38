"""How nodes go: those that Ray gives work to are drained first, with a deadline."""

import math

from shoal.desired.cluster import DesiredCluster, Role
from shoal.plan.actions import Action, DrainNode, Reason, Stage, StopNode
from shoal.plan.stops import FILLED_ANEW
from shoal.world.snapshot import Drain, ObservedNode, Phase, World

LEAVES_AT_ONCE = ("Suspended", "NodeDied", "NodeChanged", FILLED_ANEW)
DRAINED = Reason("NodeDrained", "it was told to finish its work, and takes no more")


def farewells(desired: DesiredCluster, world: World, ending: tuple[StopNode, ...], now: float) -> Stage:
    """What is done now about the nodes that are to end: drain, wait (nothing), or stop."""
    reasons = {stop.node: stop for stop in ending}
    # One that was told to drain takes no more work: it goes, even if by now the spec would keep it.
    going = [node for node in world.nodes if node.name in reasons or _was_drained(node)]
    return tuple(action for node in going for action in _farewell(desired, world, node, reasons.get(node.name), now))


def waits_until(world: World) -> float | None:
    """When the first deadline of a drained node runs out, seconds since 1970; None if there is none."""
    return min((node.drain.deadline for node in world.nodes if node.drain and _was_drained(node)), default=None)


def _was_drained(node: ObservedNode) -> bool:
    return node.drain is not None and node.phase in (Phase.STARTING, Phase.RUNNING)


def _farewell(
    desired: DesiredCluster, world: World, node: ObservedNode, stop: StopNode | None, now: float
) -> tuple[Action, ...]:
    if stop is not None and (node.role is Role.HEAD or stop.reason.code in LEAVES_AT_ONCE):
        return (stop,)
    if node.drain is not None:
        return _drained(world, node, node.drain, stop or StopNode(node.name, DRAINED), now)
    if stop is None:
        return ()
    if desired.lifecycle.drain_s and node.ready and world.unasked:
        return ()  # whether it has anything to lose is about to be known
    if not desired.lifecycle.drain_s or not node.ray_id:
        return (stop,)
    return (DrainNode(node.name, node.ray_id, desired.lifecycle.drain_s, stop.reason),)


def _drained(world: World, node: ObservedNode, drain: Drain, stop: StopNode, now: float) -> tuple[Action, ...]:
    """A node that is to go once Ray has let go of it, or its time is up."""
    has_let_go = world.gcs and node.ray_id != drain.ray_id
    if has_let_go or now >= drain.deadline:
        return (stop,)
    if drain.told or not world.gcs:
        return ()
    return (DrainNode(node.name, drain.ray_id, math.ceil(drain.deadline - now), stop.reason),)
