"""An operator that nobody makes look: it gets there by what its watches tell, and by the times that it sets itself."""

from random import Random
from typing import Any

import pytest
from test_operator_disturbed import EXHAUSTIVE

from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.resources import PODS, SECRETS, SERVICES, Resource
from shoal.backends.kubernetes.transport import Request
from shoal.desired.cluster import DesiredCluster
from shoal.engine.gcs import GcsUnreachable
from shoal.testing.fakeapi import DONE_UNHEARD, NOT_DONE, Fault
from shoal.world.kubernetes import Observed, RayView
from unit.operator.driven import Driven, all_alive, play, raycluster

LIVES = 400 if EXHAUSTIVE else 20
LONG_S = 1500
"""Longer than any backoff, pause or patience."""
# Not 404: what the API server says that it doesn't know is gone.
FAULTS = (403, 409, 422, 429, 500)
WAYS = [*(Fault(status) for status in FAULTS), Fault(500, applied=True), DONE_UNHEARD, NOT_DONE]
STRATEGIES: tuple[dict[str, Any], ...] = (
    {},
    {"upgradeStrategy": {"type": "Recreate"}},
    {"upgradeStrategy": {"type": "RollingUpdate"}},
)


class Life:
    """A cluster, what people and machines do to it, and how often the API server and Ray go wrong."""

    def __init__(self, run: Driven, random: Random) -> None:
        self.run, self.random = run, random
        self.workers, self.image, self.suspended = random.randint(0, 4), "2.60.0", False
        self.faults = self.silence = 0.0
        run.ray = self.ray
        run.operator._ask.drain = self.drain  # type: ignore[method-assign]

    async def live(self) -> None:
        """From its beginning until all is well, whatever happened."""
        await self.run.create(raycluster(workers=self.workers, **self.random.choice(STRATEGIES)))
        for _ in range(self.random.randint(2, 7)):
            self.faults, self.silence = self.random.choice((0, 0, 0.05, 0.2)), self.random.choice((0, 0, 0.3, 1))
            await self.settle(self.random.choice((0, 0.3, 2, 10, 40, 130)), kubelet=self.random.random() < 0.85)
            await self.random.choice((self.scale, self.roll, self.suspend, self.fail, self.remove))()
        self.faults = self.silence = 0
        if self.suspended:
            await self.suspend()
        await self.settle(LONG_S)
        assert self.run.condition("Ready")["status"] == "True", self.run.condition("Ready")
        assert len(self.run.pods()) == self.workers + 1
        written = len(self.run.writes())
        await self.settle(LONG_S)
        assert self.run.writes()[written:] == []

    async def settle(self, seconds: float, *, kubelet: bool = True) -> None:
        """Time passes, and requests go wrong in it."""
        self.run.api.faults = self.goes_wrong
        await self.run.settle(seconds, kubelet=kubelet)
        self.run.api.faults = lambda request, number: None

    def goes_wrong(self, request: Request, number: int) -> Fault | None:
        return self.random.choice(WAYS) if self.random.random() < self.faults else None

    def ray(self, observed: Observed) -> RayView:
        return RayView(error="silent") if self.random.random() < self.silence else all_alive(observed)

    async def drain(self, observed: Observed, desired: DesiredCluster, ray_id: str, deadline_s: int) -> bool:
        if self.random.random() < self.silence:
            raise GcsUnreachable("silent")
        return self.random.random() < 0.5

    async def scale(self) -> None:
        self.workers = self.random.randint(0, 5)
        await self.change_group()

    async def roll(self) -> None:
        self.image = self.random.choice(("2.60.0", "2.60.1"))
        await self.change_group()

    async def change_group(self) -> None:
        groups = raycluster(workers=self.workers)["spec"]["workerGroupSpecs"]
        groups[0]["template"]["spec"]["containers"][0]["image"] = f"rayproject/ray:{self.image}"
        await self.run.change(workerGroupSpecs=groups)

    async def suspend(self) -> None:
        self.suspended = not self.suspended
        await self.run.change(suspend=self.suspended)

    async def fail(self) -> None:
        pods = [pod for pod in self.run.api.objects("pods") if pod["status"].get("phase") == "Running"]
        if pods:
            self.run.api.kubelet.fail(self.random.choice(pods))

    async def remove(self) -> None:
        """Somebody deletes a pod, the Secret of the token or the head's Service, or several."""
        found: list[tuple[Resource, str]] = [(SECRETS, "demo"), (SERVICES, "demo-head-svc")]
        found += [(PODS, name) for name in self.run.pods()]
        for resource, name in self.random.sample(found, self.random.randint(1, min(3, len(found)))):
            try:
                await self.run.client.delete(resource, "default", name)
            except NotFound:
                continue


@pytest.mark.slow
@pytest.mark.parametrize("number", range(LIVES))
def test_it_comes_to_its_end_by_what_it_is_told(number: int) -> None:
    async def scenario(run: Driven) -> None:
        await Life(run, Random(number)).live()

    play(scenario)
