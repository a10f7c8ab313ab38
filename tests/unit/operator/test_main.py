"""The operator as its process wires it together."""

import asyncio
from inspect import getsource

from shoal.backends.kubernetes import keeper
from shoal.backends.kubernetes.client import Client, Ignored
from shoal.backends.kubernetes.resources import RAYCLUSTERS
from shoal.engine.gcs_async import GcsCalls
from shoal.operator.main import run
from shoal.operator.options import Options
from shoal.testing.fakeapi import FakeApi
from unit.operator.driven import raycluster


def test_a_cluster_whose_logs_are_to_be_kept_gets_the_program_that_does_so() -> None:
    async def scenario() -> str:
        api = FakeApi()
        body = raycluster(workers=0)
        body["metadata"]["annotations"] = {"shoal.dev/logs-to": "pvc://logs"}
        await Client(api).create(RAYCLUSTERS, "default", body, Ignored)
        options = Options(election=False, host="127.0.0.1", metrics_port=0, probes_port=0)
        running = asyncio.create_task(run(api, GcsCalls(), options))
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
