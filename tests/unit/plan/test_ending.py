"""How a cluster goes that leaves something behind."""

from msgspec.structs import replace
from seating import wanted

from shoal.desired.cluster import Cleanup, DesiredCluster, DesiredObject, Role
from shoal.desired.kubernetes.labels import EMPTIES_REDIS
from shoal.plan.diff import diff
from shoal.plan.ending import PATIENCE_S, Ending, ending
from shoal.plan.seats import seated
from shoal.testing.expect import expect_plan
from shoal.world.kubernetes import IS_IDLE
from shoal.world.snapshot import ObservedNode, Phase, World

JOB = DesiredObject.of("Job", "c-redis-cleanup", {"kind": "Job"})
CLUSTER = replace(wanted({"g": 1}), cleanup=Cleanup(EMPTIES_REDIS, JOB, 60))
HEAD = ObservedNode("head", Role.HEAD, "headgroup", "", Phase.RUNNING)
WORKER = ObservedNode("w", Role.WORKER, "g", "", Phase.RUNNING)
HELD = World("c", begun=True, prepared=True, nodes=(HEAD, WORKER), holds=(EMPTIES_REDIS,))
NO_HEAD = replace(HELD, nodes=())
ASKED = 1000.0
RELEASE = f"release {EMPTIES_REDIS}: ClusterEnded"


def step(world: World, after_s: float = 1, desired: DesiredCluster | None = CLUSTER) -> Ending:
    return ending(desired, world, ASKED, ASKED + after_s)


def reasons(found: Ending) -> list[str]:
    return [notice.reason for notice in found.notices]


def test_a_cluster_that_leaves_something_is_held_before_anything_of_it_is_made() -> None:
    world = World("c", begun=True, prepared=True)
    first = diff(seated(CLUSTER, world, 0), world).stages[0]
    assert [type(action).__name__ for action in first] == ["HoldCluster"]
    held = replace(world, holds=(EMPTIES_REDIS,))
    assert "HoldCluster" not in [type(action).__name__ for action in diff(seated(CLUSTER, held, 0), held).actions]


def test_its_nodes_go_first() -> None:
    found = step(HELD)
    expect_plan(found.plan, "stop head: ClusterDeleted, stop w: ClusterDeleted")
    assert found.until == ASKED + 60


def test_a_head_that_is_on_its_way_out_is_waited_for() -> None:
    found = step(replace(HELD, nodes=(replace(HEAD, phase=Phase.STOPPING),)))
    expect_plan(found.plan)
    assert found.until == ASKED + 60


def test_the_job_is_made_once_the_head_is_gone() -> None:
    found = step(replace(HELD, nodes=(WORKER,)))
    expect_plan(found.plan, "stop w: ClusterDeleted, apply Job/c-redis-cleanup: HeadGone")
    assert reasons(found) == ["CreatedRedisCleanupJob"]
    assert not step(replace(NO_HEAD, objects={JOB.key: "digest"})).plan


def test_it_is_let_go_once_the_job_is_done() -> None:
    found = step(replace(NO_HEAD, objects={JOB.key: "digest"}, ended={JOB.key: True}))
    expect_plan(found.plan, RELEASE)
    assert (reasons(found), found.until) == ([], None)


def test_a_job_that_fails_is_told_of_and_holds_nobody() -> None:
    found = step(replace(NO_HEAD, objects={JOB.key: "digest"}, ended={JOB.key: False}))
    expect_plan(found.plan, RELEASE)
    assert reasons(found) == ["RedisCleanupFailed"]


def test_when_its_time_is_up_it_is_let_go_whatever_is_left() -> None:
    found = step(HELD, after_s=60)
    expect_plan(found.plan, "stop head: ClusterDeleted, stop w: ClusterDeleted", RELEASE)
    assert reasons(found) == ["RedisCleanupTimedOut"]
    assert "within 60 s" in found.notices[0].message


def test_a_spec_that_makes_no_sense_any_more_holds_nobody() -> None:
    found = step(NO_HEAD, desired=None)
    expect_plan(found.plan, RELEASE)
    assert reasons(found) == ["RedisCleanupSkipped"]


def test_an_idle_cluster_that_ray_deletes_goes_when_its_head_has() -> None:
    idle, plain = replace(HELD, holds=(IS_IDLE,)), wanted({"g": 1})
    assert step(idle, desired=plain).until == ASKED + PATIENCE_S
    found = step(replace(idle, nodes=()), desired=plain)
    expect_plan(found.plan, f"release {IS_IDLE}: ClusterEnded")
    assert reasons(found) == []
