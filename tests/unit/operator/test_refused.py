"""RayClusters that make no sense: what the operator says of them, and that it makes nothing for them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shoal.desired.kubernetes.settings import Settings
from shoal.testing.fakeapi import Fault
from unit.crds.objects import put
from unit.operator.driven import Driven, makes_pod, play, raycluster

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[2] / "cases/kubernetes/refused.yaml").read_text())


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    body = raycluster()
    for path, value in changes.items():
        put(body, path.split("."), value)
    return body


@pytest.mark.parametrize("settings", [Settings(), Settings(profile="compat")], ids=["secure", "compat"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_makes_no_sense_is_told_and_nothing_is_made(case: dict[str, Any], settings: Settings) -> None:
    async def scenario(run: Driven) -> None:
        await run.create(changed(case["set"]))
        await run.settle(60)
        ready = run.condition("Ready")
        assert (ready["status"], ready["reason"], ready["message"]) == ("False", "SpecInvalid", case["says"])
        assert [(event["reason"], event["message"]) for event in run.api.objects("events")] == [
            ("InvalidRayClusterSpec", case["says"])
        ]
        assert run.pods() == []

    play(scenario, settings=settings)


def test_what_runs_stays_when_its_spec_is_spoilt_and_goes_on_when_it_is_mended() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle()
        pods = run.pods()
        await run.change(authOptions={"enableK8sTokenAuth": True})
        await run.settle()
        assert (run.condition("Ready")["reason"], run.pods()) == ("SpecInvalid", pods)
        await run.change(authOptions=None)
        await run.settle()
        assert (run.condition("Ready")["status"], run.pods()) == ("True", pods)

    play(scenario)


@pytest.mark.parametrize(
    ("fault", "next_step"),
    [
        (Fault(422, reason="Invalid"), "correct that field in the RayCluster, from which it comes"),
        (Fault(403, reason="Forbidden"), "raise the quota, or give what is missing; it is tried again"),
    ],
)
def test_a_pod_that_is_not_taken_is_named_in_ready_with_the_api_servers_words(fault: Fault, next_step: str) -> None:
    async def scenario(run: Driven) -> None:
        run.api.faults = lambda request, number: fault if makes_pod(request) else None
        await run.create(raycluster(workers=0))
        await run.settle()
        ready, words = run.condition("Ready"), run.status()["reason"]
        assert words
        assert ready["reason"] == "FailedCreateHeadPod"
        assert ready["message"].startswith("0/1 nodes ready; demo-head-")
        assert ready["message"].endswith(f": {words}; {next_step}")

    play(scenario)
