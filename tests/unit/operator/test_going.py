"""Pods that go, as an operator with its watches takes them away: with their time, and not behind those that come."""

from typing import Any

import pytest

from shoal.desired.kubernetes.derive import DRAIN_S
from shoal.engine.gcs import GcsUnreachable
from shoal.testing.fakeapi import Fault
from shoal.world.kubernetes import RayView
from unit.operator.driven import Driven, makes_pod, play, raycluster


def test_a_worker_has_its_time_where_ray_has_fallen_silent() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster(workers=2))
        await run.settle()
        run.ray = lambda observed: RayView(error="Ray's GCS does not answer")
        await run.settle(600)
        run.operator._ask.drain = unreachable  # type: ignore[assignment,method-assign]
        await run.change(workerGroupSpecs=[{**raycluster()["spec"]["workerGroupSpecs"][0], "replicas": 1}])
        await run.settle(DRAIN_S - 5)
        assert len(run.pods()) == 3
        await run.settle(10)
        assert len(run.pods()) == 2

    async def unreachable(*about: Any) -> bool:
        raise GcsUnreachable("silent")

    play(scenario)


@pytest.mark.parametrize(("container", "replaced"), [("autoscaler", False), ("ray-head", True)])
def test_a_head_has_ended_with_its_ray_and_with_no_other_container(container: str, replaced: bool) -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster(enableInTreeAutoscaling=True, autoscalerOptions={"version": "v2"}))
        await run.settle()
        (head,) = (pod for pod in run.api.objects("pods") if "-head-" in pod["metadata"]["name"])
        assert [status["name"] for status in head["status"]["containerStatuses"]] == ["autoscaler", "ray-head"]
        run.api.kubelet.end_container(head, container)
        await run.settle(60)
        assert (head["metadata"]["name"] not in run.pods()) == replaced

    play(scenario)


def test_what_is_to_go_goes_where_there_is_no_room_for_what_is_to_come() -> None:
    def groups(**replicas: int) -> list[dict[str, Any]]:
        one = raycluster()["spec"]["workerGroupSpecs"][0]
        return [{**one, "groupName": name, "replicas": number} for name, number in replicas.items()]

    async def scenario(run: Driven) -> None:
        run.api.faults = lambda request, number: Fault(403) if makes_pod(request) and len(run.pods()) >= 4 else None
        run.operator._ask.drain = lets_go  # type: ignore[assignment,method-assign]
        await run.create(raycluster(workerGroupSpecs=groups(a=2, b=1)))
        await run.settle()
        await run.change(workerGroupSpecs=groups(a=1, b=2))
        await run.settle(300)
        assert sorted(name.split("-")[1] for name in run.pods()) == ["a", "b", "b", "head"]
        assert run.condition("Ready")["status"] == "True"

    async def lets_go(*about: Any) -> bool:
        return True

    play(scenario)


@pytest.mark.parametrize("begun_since", [False, True])
def test_a_worker_has_its_time_where_the_head_is_not_ready(begun_since: bool) -> None:
    told: list[str] = []

    async def scenario(run: Driven) -> None:
        await run.create(raycluster(workers=2))
        await run.settle()
        run.operator._ask.drain = drain  # type: ignore[method-assign]
        (head,) = (pod for pod in run.api.objects("pods") if "-head-" in pod["metadata"]["name"])
        run.api.kubelet.unready(head)
        await run.settle(60)
        if begun_since:
            run.operator.controller._ray.forget(("default", "demo"))
        await run.change(workerGroupSpecs=[{**raycluster()["spec"]["workerGroupSpecs"][0], "replicas": 1}])
        await run.settle(DRAIN_S - 5)
        assert len(run.pods()) == 3
        assert len(told) == 1
        await run.settle(10)
        assert len(run.pods()) == 2

    async def drain(observed: Any, desired: Any, ray_id: str, deadline_s: int) -> bool:
        told.append(ray_id)
        return False

    play(scenario)
