"""The plan that is shown beforehand is the one that the operator then executes, and what can't be read is said."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shoal import __version__
from shoal.backends.kubernetes.client import Client, Ignored
from shoal.backends.kubernetes.operators import Announced, notes
from shoal.backends.kubernetes.remote.forecast import forecast
from shoal.backends.kubernetes.resources import LEASES, RAYCLUSTERS, SECRETS
from shoal.backends.kubernetes.transport import Request, Response
from shoal.desired.cluster import DesiredCluster
from shoal.desired.kubernetes.settings import Settings
from shoal.install.leases import KUBERAYS, OURS
from shoal.operator import controller
from shoal.plan.actions import Forecast, Plan, StartNode
from shoal.plan.render import describe
from shoal.reconcile import Outcome, reconcile
from shoal.testing.fakeapi import FakeApi
from shoal.testing.fakeapi.server import Server
from shoal.world.kubernetes import Observed, RayView
from unit.operator.driven import START, Driven, container, play, raycluster


class Refusing:
    """As the API server is to somebody who may read everything but some kinds; whoever writes through it fails."""

    def __init__(self, api: FakeApi, plurals: Iterable[str] = ()) -> None:
        self._api = api
        self._plurals = tuple(plurals)

    async def send(self, request: Request) -> Response:
        assert request.method == "GET", f"a forecast wrote: {request}"
        if not {*request.path.split("/")[-2:]}.isdisjoint(self._plurals):
            said = {"kind": "Status", "code": 403, "reason": "Forbidden", "message": "forbidden"}
            return Response(403, msgspec.json.encode(said))
        return await self._api.send(request)

    def stream(self, request: Request) -> AbstractAsyncContextManager[tuple[Response, AsyncIterator[bytes]]]:
        raise AssertionError("nothing is watched")


async def foreseen(run: Driven, change: dict[str, Any], unread: Iterable[str] = (), ray: str = "") -> Forecast:
    """What is shown to a person who would merge ``change``. unread: plurals of kinds that they may not read."""
    copied = Server(copy.deepcopy(run.api.server.state))
    path = RAYCLUSTERS.path("default", "demo")
    body = msgspec.json.encode(change)
    merge = Request("PATCH", path, {}, body, "application/merge-patch+json")
    after = msgspec.json.decode(copied.handle(merge, run.api.now()).body)
    before = await run.client.get(RAYCLUSTERS, "default", "demo", dict)

    async def ask() -> RayView:
        return RayView(error=ray) if ray else RayView({name: f"id-{name}" for name in run.pods()})

    now = datetime.fromtimestamp(START + run.clock.now, UTC)
    return await forecast(Client(Refusing(run.api, unread)), before, after, ask, now)


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that are not empty, as the operator makes them."""
    plans: list[Plan] = []

    def recorded(*asked: Any) -> Outcome:
        outcome = reconcile(*asked)
        plans.extend([outcome.plan] if outcome.plan else [])
        return outcome

    monkeypatch.setattr(controller, "reconcile", recorded)
    return plans


def changed_worker() -> dict[str, Any]:
    group: dict[str, Any] = raycluster()["spec"]["workerGroupSpecs"][0]
    return group | {
        "template": {"spec": {"containers": [container("ray-worker") | {"image": "rayproject/ray:2.60.1"}]}}
    }


CHANGES: dict[str, dict[str, Any]] = {
    "more workers": {"workerGroupSpecs": [raycluster(workers=4)["spec"]["workerGroupSpecs"][0]]},
    "fewer workers": {"workerGroupSpecs": [raycluster(workers=1)["spec"]["workerGroupSpecs"][0]]},
    "no group": {"workerGroupSpecs": []},
    "suspend": {"suspend": True},
    "recreate": {"upgradeStrategy": {"type": "Recreate"}, "workerGroupSpecs": [changed_worker()]},
    "roll": {"upgradeStrategy": {"type": "RollingUpdate"}, "workerGroupSpecs": [changed_worker()]},
    "keep": {"workerGroupSpecs": [changed_worker()]},
    "redis": {"gcsFaultToleranceOptions": {"redisAddress": "redis:6379"}},
    "autoscaled": {
        "enableInTreeAutoscaling": True,
        "workerGroupSpecs": raycluster(workers=1)["spec"]["workerGroupSpecs"],
    },
    "nothing": {},
}


@pytest.mark.parametrize("profile", ["secure", "compat"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_shown_is_what_the_operator_does_next(change: str, profile: str, executed: list[Plan]) -> None:
    async def lets_go(observed: Observed, desired: DesiredCluster, ray_id: str, deadline_s: int) -> bool:
        return False

    async def scenario(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle()
        await lease(run, Settings(profile=profile))  # type: ignore[arg-type]
        shown = await foreseen(run, {"spec": CHANGES[change]})
        executed.clear()
        run.operator.controller._applier._drain = lets_go
        await run.change(**CHANGES[change])
        await run.settle(1)
        assert shown.plan == (executed[0] if executed else Plan("demo"))
        assert bool(shown.plan) == (change not in ("keep", "nothing"))

    play(scenario, settings=Settings(profile=profile))  # type: ignore[arg-type]


async def lease(run: Driven, settings: Settings, name: str = OURS, version: str = __version__) -> None:
    now = datetime.fromtimestamp(START + run.clock.now, UTC).isoformat()
    meta = {"name": name, "annotations": notes(Announced(version, ("default",), settings))}
    spec = {"holderIdentity": "somebody", "renewTime": now}
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}
    await run.client.create(LEASES, "default", body, Ignored)


def told(scenario: Callable[[Driven], Awaitable[Forecast]], profile: str = "secure") -> Forecast:
    """What ``scenario`` gives of a settled cluster."""
    found: list[Forecast] = []

    async def whole(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle()
        found.append(await scenario(run))

    play(whole, settings=Settings(profile=profile))  # type: ignore[arg-type]
    return found[0]


def test_what_stays_and_what_follows_is_said() -> None:
    kept = told(lambda run: foreseen(run, {"spec": CHANGES["keep"]}))
    assert any(note.startswith("2 pods differ from the spec and will stay so") for note in kept.notes)
    rolled = told(lambda run: foreseen(run, {"spec": CHANGES["roll"]}))
    (action,) = rolled.plan.actions
    assert (describe(action).split("-")[0], action.reason.code) == ("drain demo", "NodeRolled")
    assert any(note.startswith("1 pod differs from the spec, to be replaced later") for note in rolled.notes)
    scaled = told(lambda run: foreseen(run, {"spec": CHANGES["autoscaled"]}))
    assert "there are 1 more than the spec asks for: the autoscaler says which go, and when" in scaled.notes
    assert "what is drained is deleted once Ray has let go of it, 30 s later at the latest" in rolled.notes


def test_without_a_lease_the_profile_is_that_of_the_head_that_is_there() -> None:
    for profile in ("secure", "compat"):
        shown = told(lambda run: foreseen(run, {}), profile)
        assert shown.plan == Plan("demo")
        assert f"profile {profile} is assumed" in shown.notes
        assert "no operator holds a Lease here: this is what Shoal's would do" in shown.notes


def test_another_operator_or_another_version_is_named() -> None:
    async def kuberay(run: Driven) -> Forecast:
        await lease(run, Settings(), KUBERAYS)
        return await foreseen(run, {})

    async def later(run: Driven) -> Forecast:
        await lease(run, Settings(), version="9.9")
        return await foreseen(run, {})

    assert any(note.startswith("KubeRay's operator is at work here") for note in told(kuberay).notes)
    assert any(note.startswith("the operator is Shoal 9.9 and this is") for note in told(later).notes)


def test_what_may_not_be_read_is_left_out_and_said() -> None:
    change = {"spec": CHANGES["more workers"]}
    blind = told(lambda run: foreseen(run, change, ["secrets", "services", "leases"]))
    assert [type(action) for action in blind.plan.actions] == [StartNode, StartNode]
    assert "you may not read secrets: what becomes of them is left out" in blind.notes
    assert "you may not read services: what becomes of them is left out" in blind.notes
    assert any("Leases" in note for note in blind.notes)
    no_pods = told(lambda run: foreseen(run, change, ["pods"]))
    assert no_pods.plan == Plan("demo")
    assert "you may not read pods: what the operator would do is left out" in no_pods.notes


def test_where_ray_can_not_be_asked_stops_are_shown_and_the_reason_is_said() -> None:
    shown = told(lambda run: foreseen(run, {"spec": CHANGES["fewer workers"]}, ray="nothing listens there"))
    assert [describe(action).split()[0] for action in shown.plan.actions] == ["stop"]
    assert any("Ray can't be asked (nothing listens there)" in note for note in shown.notes)


def test_a_secret_that_is_gone_is_filled_anew_and_what_that_may_mean_is_said() -> None:
    async def gone(run: Driven) -> Forecast:
        await run.client.delete(SECRETS, "default", "demo")
        return await foreseen(run, {}, ray="there is no Secret")

    shown = told(gone)
    assert [describe(action) for action in shown.plan.actions] == ["apply Secret/demo"]
    assert "unless the operator still knows what was in Secret/demo, all pods are made anew, too" in shown.notes


def test_what_the_operator_refuses_or_leaves_alone_is_said() -> None:
    twice = {"gcsFaultToleranceOptions": {"redisAddress": "r"}, "enableInTreeAutoscaling": True, "suspend": True}
    refused = told(lambda run: foreseen(run, {"spec": twice | {"workerGroupSpecs": [{"groupName": "g"}] * 2}}))
    assert refused.plan == Plan("demo")
    assert any(note.startswith("the operator refuses it: ") for note in refused.notes)
    others = told(lambda run: foreseen(run, {"spec": {"managedBy": "kueue.x-k8s.io/multikueue"}}))
    assert others.notes == ("spec.managedBy is 'kueue.x-k8s.io/multikueue': the operator leaves it alone",)


def test_powers_need_the_word_of_a_namespace_that_can_be_read() -> None:
    group = changed_worker()
    group["template"]["spec"]["hostNetwork"] = True
    change = {"spec": {"workerGroupSpecs": [group]}}
    refused = told(lambda run: foreseen(run, change))
    assert any("the operator refuses it" in note for note in refused.notes)
    unknown = told(lambda run: foreseen(run, change, ["namespaces"]))
    assert unknown.plan == Plan("demo")
    assert any("you may not read Namespace default" in note for note in unknown.notes)


def test_a_new_cluster_has_no_names_of_pods_yet() -> None:
    api = FakeApi()

    async def scenario() -> Forecast:
        made = await Client(FakeApi()).create(RAYCLUSTERS, "default", raycluster(), dict)

        async def ask() -> None:
            raise AssertionError("there is no Ray to ask")

        return await forecast(Client(Refusing(api)), None, made, ask, datetime(2026, 1, 1, tzinfo=UTC))

    shown = asyncio.run(scenario())
    starts = [action.node.name for action in shown.plan.actions if isinstance(action, StartNode)]
    assert starts == ["demo-head-*****", "demo-g-worker-*****", "demo-g-worker-*****"]
    assert any("drawn from the RayCluster's uid" in note for note in shown.notes)
