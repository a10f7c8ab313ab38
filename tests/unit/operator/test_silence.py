"""How long a cluster on its way is not told of."""

from shoal.backends.kubernetes.client import Ignored
from shoal.backends.kubernetes.resources import RAYCLUSTERS
from unit.operator.driven import Driven, play, raycluster


def test_the_last_of_a_crowd_is_silent_for_as_long_as_it_was_granted_and_no_longer() -> None:
    async def scenario(run: Driven) -> None:
        crowd = [f"c{number}" for number in range(30)]
        for name in (*crowd, "last"):
            await run.create(raycluster(name, workers=0))
        await run.settle(1, kubelet=False)
        for name in crowd:
            await run.client.delete(RAYCLUSTERS, "default", name)
        await run.settle(15, kubelet=False)
        await run.client.merge(RAYCLUSTERS, "default", "last", {"metadata": {"labels": {"seen": "again"}}}, Ignored)
        await run.settle(10, kubelet=False)
        assert not run.status("last")
        await run.settle(35, kubelet=False)
        assert run.condition("Ready", "last")["status"] == "False"

    play(scenario)


def test_a_cluster_alone_is_told_of_soon() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle(9, kubelet=False)
        assert not run.status()
        await run.settle(3, kubelet=False)
        assert run.condition("Ready")["status"] == "False"

    play(scenario)


def test_a_cluster_on_its_way_is_told_of_after_a_while_and_one_among_many_later() -> None:
    def told(run: Driven) -> int:
        return sum("conditions" in each.get("status", {}) for each in run.api.objects("rayclusters.ray.io"))

    async def scenario(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle(15, kubelet=False)
        assert told(run) == 1
        for number in range(60):
            await run.create(raycluster(f"other-{number}", workers=0))
        await run.settle(15, kubelet=False)
        assert told(run) == 1
        await run.settle(60, kubelet=False)
        assert told(run) == 61

    play(scenario)
