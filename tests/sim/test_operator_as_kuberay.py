"""What the operator makes of a RayCluster is what KubeRay's operator made of it, but for reviewed differences.

KubeRay's part was kept when both ran on a real API server (tests/integration/test_operators_alike.py).
"""

import asyncio
from typing import Literal

import pytest
from operator_sim.history import BEGIN
from operator_sim.operators import Operator
from operator_sim.ray import Ray
from operator_sim.scenarios import Outside

from shoal.desired.kubernetes.settings import Settings
from shoal.testing.clock import VirtualClock
from shoal.testing.fakeapi import FakeApi
from unit.desired.kubernetes.alike import Made, differences, reviewed, unexplained
from unit.desired.kubernetes.by_cluster import made, owner
from unit.desired.kubernetes.fields import Json
from unit.desired.kubernetes.recorded import OURS, recorded
from unit.desired.kubernetes.samples import rayclusters

MANIFESTS = rayclusters(OURS)
SPACE = "space-of-the-test"
ROUNDS = 3
"""Of looking and working: pods come after the objects that they need, workers after their head."""


def made_by_ours(manifest: Json, profile: Literal["secure", "compat"]) -> Made:
    """All objects for one RayCluster, once nothing more comes."""
    clock = VirtualClock()
    clock.now = BEGIN
    api = FakeApi(clock.monotonic)
    outside, operator = Outside(api), Operator(api, clock, Ray(api), Settings(profile=profile))
    allowed = {"name": SPACE, "labels": {"shoal.dev/allow-powers": "true"}}
    outside.ask("POST", "/api/v1/namespaces", {"metadata": allowed})
    path = f"/apis/ray.io/v1/namespaces/{SPACE}/rayclusters"
    created = outside.ask("POST", path, manifest | {"metadata": manifest["metadata"] | {"namespace": SPACE}})

    async def work() -> None:
        for _ in range(ROUNDS):
            await operator.look()
            await operator.work()
            api.settle()

    asyncio.run(work())
    store = api.server.state.store
    bodies = [body for resource in store.resources() for body in store.all(resource).values()]
    name = manifest["metadata"]["name"]
    mine = [body for body in bodies if owner(body) == name and body["kind"] != "Event"]
    return made(mine, SPACE, created["metadata"]["uid"])


@pytest.mark.parametrize("profile", ["compat", "secure"])
@pytest.mark.parametrize("name", MANIFESTS)
def test_it_makes_what_kuberay_makes(name: str, profile: Literal["secure", "compat"]) -> None:
    found = differences(name, recorded(name), made_by_ours(MANIFESTS[name], profile))
    left, _ = unexplained(found, reviewed(profile))
    assert not left, "\n".join(map(str, left))
