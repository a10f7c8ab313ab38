"""How a cluster goes for which there is something left to do: its nodes first, then a job, then it is let go.

Nobody waits for ever: when its time is up the cluster is let go, whatever is left somewhere.
"""

from collections.abc import Iterator

import msgspec

from shoal.desired.cluster import Cleanup, DesiredCluster, Role
from shoal.desired.kubernetes.labels import EMPTIES_REDIS
from shoal.plan.actions import Action, ApplyObject, HoldCluster, Plan, Reason, ReleaseCluster, Stage, StopNode
from shoal.plan.tell import Notice
from shoal.world.snapshot import Phase, World

PATIENCE_S = 300
"""How long the nodes of a cluster may take to go that leaves nothing else to be done."""
DELETED = Reason("ClusterDeleted", "the cluster is to be gone")
DONE = Reason("ClusterEnded", "nothing of it is left")


class Ending(msgspec.Struct, frozen=True):
    """plan: what is done now. notices: what is worth an Event. until: when it is let go at the latest, in seconds since
    1970; None once it is."""

    plan: Plan
    notices: tuple[Notice, ...] = ()
    until: float | None = None


def hold(desired: DesiredCluster, world: World) -> Stage:
    """What has to be done before any node is started, so that the cluster doesn't go without its cleanup."""
    if desired.cleanup is None or desired.cleanup.hold in world.holds:
        return ()
    return (HoldCluster(desired.cleanup.hold, Reason("CleanupNeeded", "its nodes leave something behind")),)


def ending(desired: DesiredCluster | None, world: World, asked: float, now: float) -> Ending:
    """The next step of a cluster whose end was asked for at ``asked``, and that something holds.

    desired: as it would be if it stayed; None if that can't be read. Both times in seconds since 1970.
    """
    cleanup = desired.cleanup if desired and desired.cleanup and desired.cleanup.hold in world.holds else None
    until = asked + (cleanup.patience_s if cleanup else PATIENCE_S)
    stops: Stage = tuple(StopNode(node.name, DELETED) for node in world.nodes if node.phase is not Phase.STOPPING)
    if now >= until:
        return Ending(_plan(world, stops, (ReleaseCluster(world.holds, DONE),)), tuple(_late(world, cleanup)))
    if any(node.role is Role.HEAD for node in world.nodes):
        return Ending(_plan(world, stops), until=until)
    if cleanup is None:
        return Ending(_plan(world, stops, (ReleaseCluster(world.holds, DONE),)), tuple(_skipped(world)))
    key = cleanup.job.key
    if key in world.ended:
        notices = () if world.ended[key] else (_failed(cleanup),)
        return Ending(_plan(world, stops, (ReleaseCluster(world.holds, DONE),)), notices)
    if key not in world.objects:
        made: Action = ApplyObject(cleanup.job, Reason("HeadGone", "the head is gone, and what it left can be removed"))
        told = Notice("Normal", "CreatedRedisCleanupJob", f"created {key}: the cluster is deleted once it is done")
        return Ending(_plan(world, (*stops, made)), (told,), until)
    return Ending(_plan(world, stops), until=until)


def _plan(world: World, *stages: Stage) -> Plan:
    return Plan(world.cluster, tuple(stage for stage in stages if stage))


def _late(world: World, cleanup: Cleanup | None) -> Iterator[Notice]:
    if cleanup is not None:
        yield Notice(
            "Warning",
            "RedisCleanupTimedOut",
            f"{cleanup.job.key} did not end within {cleanup.patience_s} s of the deletion; the cluster goes,"
            " and its keys may be left in Redis",
        )


def _skipped(world: World) -> Iterator[Notice]:
    if EMPTIES_REDIS in world.holds:
        why = "its spec does not say any more which Redis it kept its GCS in; its keys may be left there"
        yield Notice("Warning", "RedisCleanupSkipped", why)


def _failed(cleanup: Cleanup) -> Notice:
    message = f"{cleanup.job.key} failed; the cluster goes, and its keys may be left in Redis"
    return Notice("Warning", "RedisCleanupFailed", message)
