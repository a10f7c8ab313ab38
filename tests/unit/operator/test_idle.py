"""Clusters that nobody uses end as their spec says, and others don't."""

import pytest

from shoal.backends.kubernetes.resources import RAYCLUSTERS
from shoal.world.kubernetes import RayView
from unit.operator.driven import Driven, all_alive, play, raycluster


@pytest.mark.parametrize("policy", ["Suspend", "Delete"])
def test_a_cluster_that_nobody_uses_ends_as_it_is_to(policy: str) -> None:
    idle_s = 599

    async def scenario(run: Driven) -> None:
        nonlocal idle_s
        run.ray = lambda observed: RayView(all_alive(observed).alive, idle_s=idle_s)
        await run.create(raycluster(idleTerminationOptions={"timeoutSeconds": 600, "policy": policy}))
        await run.settle(60)
        assert len(run.pods()) == 3
        idle_s = 600
        await run.settle(150, kubelet=False)
        await run.settle(30)
        assert run.pods() == []
        assert "EndedIdleCluster" in run.events()
        assert "NodeNotWanted" not in run.events(), "what was asked for is no warning"
        left = run.api.objects("rayclusters.ray.io")
        assert [one["spec"]["idleSuspend"] for one in left] == ([True] if policy == "Suspend" else [])

    play(scenario)


def test_a_cluster_made_again_at_once_is_not_idle_since_the_one_before() -> None:
    idle_s = 500

    async def scenario(run: Driven) -> None:
        nonlocal idle_s
        run.ray = lambda observed: RayView(all_alive(observed).alive, idle_s=idle_s)
        await run.create(raycluster(idleTerminationOptions={"timeoutSeconds": 600, "policy": "Delete"}))
        await run.settle(60)
        idle_s = 0
        await run.client.delete(RAYCLUSTERS, "default", "demo")
        await run.create(raycluster(idleTerminationOptions={"timeoutSeconds": 300, "policy": "Delete"}))
        await run.settle(60)
        assert len(run.pods()) == 3

    play(scenario)


def test_a_shorter_time_to_be_idle_counts_from_a_new_answer() -> None:
    idle_s: int | None = 400

    async def scenario(run: Driven) -> None:
        nonlocal idle_s
        run.ray = lambda observed: RayView(all_alive(observed).alive, idle_s=idle_s)
        await run.create(raycluster(idleTerminationOptions={"timeoutSeconds": 6000, "policy": "Delete"}))
        await run.settle(60)
        idle_s = None  # a driver has come since Ray was asked
        await run.change(idleTerminationOptions={"timeoutSeconds": 300, "policy": "Delete"})
        await run.settle(60)
        assert len(run.pods()) == 3

    play(scenario)


def test_ray_ends_idle_clusters_itself_where_it_scales_them() -> None:
    async def scenario(run: Driven) -> None:
        run.ray = lambda observed: RayView(all_alive(observed).alive, idle_s=10_000)
        options = {"timeoutSeconds": 600, "policy": "Delete"}
        await run.create(raycluster(idleTerminationOptions=options, enableInTreeAutoscaling=True))
        await run.settle(60)
        assert len(run.pods()) == 3

    play(scenario)
