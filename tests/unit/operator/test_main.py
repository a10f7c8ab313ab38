"""The operator as its process wires it together."""

import asyncio
from inspect import getsource

import pytest
from msgspec.structs import replace

from shoal.backends.kubernetes import keeper
from shoal.backends.kubernetes.client import Client, Ignored
from shoal.backends.kubernetes.resources import PODS, RAYCLUSTERS
from shoal.backends.kubernetes.transport import Request, Response
from shoal.engine.gcs_async import GcsCalls
from shoal.operator.main import run
from shoal.operator.options import Options
from shoal.testing.fakeapi import FakeApi
from unit.operator.driven import raycluster

OPTIONS = Options(election=False, host="127.0.0.1", metrics_port=0, probes_port=0)


def test_a_cluster_whose_logs_are_to_be_kept_gets_the_program_that_does_so() -> None:
    async def scenario() -> str:
        api = FakeApi()
        body = raycluster(workers=0)
        body["metadata"]["annotations"] = {"shoal.dev/logs-to": "pvc://logs"}
        await Client(api).create(RAYCLUSTERS, "default", body, Ignored)
        running = asyncio.create_task(run(api, GcsCalls(), OPTIONS))
        try:
            async with asyncio.timeout(20):
                while not (pods := api.objects("pods")):  # noqa: ASYNC110 - the fake tells nobody
                    await asyncio.sleep(0.02)
        finally:
            running.cancel()
            await asyncio.wait([running])
        program: str = pods[0]["spec"]["initContainers"][0]["command"][3]
        return program

    assert asyncio.run(scenario()) == getsource(keeper)


def test_a_watch_that_breaks_in_a_way_nobody_thought_of_ends_the_process() -> None:
    class Broken(FakeApi):
        async def send(self, request: Request) -> Response:
            if request.path == PODS.collection():
                return Response(200, b'{"metadata": {"resourceVersion": "no number"}, "items": []}')
            return await super().send(request)

    async def scenario() -> None:
        async with asyncio.timeout(20):
            await run(Broken(), GcsCalls(), OPTIONS)

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(scenario())
    assert raised.group_contains(ValueError)


def test_the_lease_goes_its_own_way() -> None:
    async def scenario() -> None:
        running = asyncio.create_task(run(api, GcsCalls(), replace(OPTIONS, election=True), aside))
        async with asyncio.timeout(20):
            while not any(seen.resource == "pods" for seen in api.requests) or not aside.requests:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.wait([running])

    api, aside = FakeApi(), FakeApi()
    asyncio.run(scenario())
    leases = "leases.coordination.k8s.io"
    assert {seen.resource for seen in aside.requests} == {leases}
    assert leases not in {seen.resource for seen in api.requests}
    assert "holderIdentity" not in aside.objects(leases)[0]["spec"]
