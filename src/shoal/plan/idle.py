"""When a cluster ends that nobody uses: as Ray's autoscaler judges it, for clusters without one."""

from shoal.desired.cluster import DesiredCluster
from shoal.plan.actions import EndIdle, Reason, Stage
from shoal.world.snapshot import World


def idles_out(desired: DesiredCluster, world: World) -> Stage:
    """What is done about a cluster to which no driver has been attached for as long as its spec says.

    What was heard of a head that is not there any more says nothing of the next, or of another cluster of that name.
    """
    idle = desired.lifecycle.idle
    if idle is None or world.idle_s is None or world.idle_s < idle.after_s:
        return ()
    if desired.head is None or world.node(desired.head.name) is None:
        return ()
    message = f"no driver was attached for {idle.after_s} s"
    return (EndIdle(idle.policy, Reason("ClusterIdle", message)),)
