"""What a plan does not show: what comes once it is done, and what stays although the spec says otherwise."""

from collections.abc import Iterator

from shoal.desired.cluster import DesiredCluster
from shoal.plan.actions import ApplyObject, DrainNode, Plan, StopNode
from shoal.plan.diff import LOST
from shoal.plan.stops import ROLLED_AT_ONCE, is_autoscalers
from shoal.world.snapshot import Phase, World


def later(desired: DesiredCluster, world: World, plan: Plan) -> Iterator[str]:
    """Sentences about a cluster that an operator tends to. desired: with its seats."""
    wanted = {node.name: node for node in desired.nodes}
    going = {action.node for action in plan.actions if isinstance(action, StopNode | DrainNode)}
    drained = any(isinstance(action, DrainNode) for action in plan.actions)
    changed = {
        node.name
        for node in world.nodes
        if node.name in wanted and node.adopted and node.fingerprint != wanted[node.name].fingerprint
    }
    for action in plan.actions:
        if isinstance(action, ApplyObject) and action.reason.code == LOST:
            yield f"unless the operator still knows what was in {action.object.key}, all pods are made anew, too"
    if drained:
        yield f"what is drained is deleted once Ray has let go of it, {desired.lifecycle.drain_s} s later at the latest"
    if going & wanted.keys() and any(node.name in going and node.phase is not Phase.DEAD for node in world.nodes):
        yield "a new pod takes the place of each that goes and is still wanted, once that is gone"
    if spare := sum(node.name not in wanted and is_autoscalers(desired, world, node) for node in world.nodes):
        yield f"there are {spare} more than the spec asks for: the autoscaler says which go, and when"
    left = len(changed - going)
    if not left:
        return
    pods = "1 pod differs" if left == 1 else f"{left} pods differ"
    match desired.lifecycle.on_change:
        case "keep":
            yield f"{pods} from the spec and will stay so: spec.upgradeStrategy.type says whether such are replaced"
        case "roll":
            part = f"{ROLLED_AT_ONCE:.0%} of a group at a time"
            yield f"{pods} from the spec, to be replaced later: the head first, then {part}"
        case "recreate" | "restart":
            yield f"{pods} from the spec, to be replaced later"
