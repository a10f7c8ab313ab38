"""What one step leads to beyond the plan: status, Events, retries, and nothing once all is well."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from shoal.backends.kubernetes.client import Ignored
from shoal.backends.kubernetes.resources import NAMESPACES, PODS, RAYCLUSTERS
from shoal.backends.kubernetes.transport import Request
from shoal.desired.kubernetes.settings import Settings
from shoal.reconcile import Outcome, reconcile
from shoal.testing.fakeapi import FakeApi, Fault
from shoal.world.kubernetes import Observed, RayView
from unit.operator.driven import Driven, all_alive, makes_pod, play, raycluster


def test_a_cluster_becomes_ready_with_one_status_and_one_event() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster(workers=3))
        await run.settle()
        assert run.status()["state"] == "ready"
        assert run.condition("Ready")["status"] == "True"
        assert Counter(run.writes()) == {
            ("create", "pods"): 4,
            ("create", "secrets"): 1,
            ("patch", "services"): 1,
            ("patch", "networkpolicies.networking.k8s.io"): 1,
            ("create", "events"): 1,
            ("patch", "rayclusters.ray.io/status"): 1,
        }

    play(scenario)


def test_a_cluster_whose_redis_is_gone_is_deleted_after_its_time_all_the_same() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster(gcsFaultToleranceOptions={"redisAddress": "redis:6379"}))
        await run.settle()
        await run.client.delete(RAYCLUSTERS, "default", "demo")
        await run.settle(290)
        (job,) = run.api.objects("jobs.batch")
        assert job["metadata"]["name"] == "demo-redis-cleanup"
        assert run.pods() == []
        assert run.api.objects("rayclusters.ray.io") != []
        await run.settle(20)
        assert run.api.objects("rayclusters.ray.io") == []
        assert {"CreatedRedisCleanupJob", "RedisCleanupTimedOut"} <= set(run.events())

    play(scenario)


def test_a_cluster_made_again_waits_for_what_the_one_before_leaves_and_calls_nobody() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle()
        await run.client.delete(RAYCLUSTERS, "default", "demo")
        await run.create(raycluster())
        await run.settle(0.5, kubelet=False)  # nothing is collected yet
        await run.settle(60)
        assert run.condition("Ready")["status"] == "True"
        assert {*run.events()} == {"Created"}

    play(scenario)


def trusted() -> dict[str, Any]:
    """A RayCluster whose head has a service account of its author's choice."""
    body = raycluster()
    body["spec"]["headGroupSpec"]["template"]["spec"]["serviceAccountName"] = "trainer"
    return body


def reads_of_namespaces(run: Driven) -> int:
    return sum(seen.verb == "get" and seen.resource == "namespaces" for seen in run.api.requests)


def test_what_a_namespace_has_not_allowed_is_not_made_and_is_told() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(trusted())
        await run.settle(100)
        assert run.pods() == []
        ready = run.condition("Ready")
        assert (ready["status"], ready["reason"]) == ("False", "PowersNotAllowed")
        assert "annotate it with shoal.dev/allow-powers: service-account" in ready["message"]
        assert run.events() == ["PowersNotAllowed"]
        notes = {"metadata": {"annotations": {"shoal.dev/allow-powers": "service-account"}}}
        await run.client.merge(NAMESPACES, "", "default", notes, Ignored)
        await run.settle(61)
        assert run.condition("Ready")["status"] == "True"

    play(scenario)


@pytest.mark.parametrize(
    ("settings", "body"),
    [
        (Settings(is_judged=True), trusted()),
        (Settings(profile="compat"), trusted()),
        (Settings(), raycluster()),
    ],
    ids=["the API server judges", "compat", "nothing is asked for"],
)
def test_no_namespace_is_asked_where_it_need_not_be(settings: Settings, body: dict[str, Any]) -> None:
    async def scenario(run: Driven) -> None:
        await run.create(body)
        await run.settle()
        assert run.status()["state"] == "ready"
        assert reads_of_namespaces(run) == 0

    play(scenario, settings=settings)


def test_nothing_is_written_once_all_is_well() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle()
        before = len(run.writes())
        for _ in range(100):
            run.operator.queue.add(("default", "demo"))
            await run.settle(10)
        assert len(run.writes()) == before

    play(scenario)


def test_an_operator_that_starts_anew_writes_nothing() -> None:
    first = Driven()

    async def scenario() -> None:
        following = asyncio.create_task(first.operator.follow())
        await first.create(raycluster())
        await first.settle()
        following.cancel()
        before = len(first.writes())
        second = Driven(first.api, first.clock)
        following = asyncio.create_task(second.operator.follow())
        await second.settle()
        following.cancel()
        assert len(second.writes()) == before
        assert second.status()["state"] == "ready"

    asyncio.run(scenario())


def test_a_quota_that_is_full_is_told_and_the_rest_comes_when_there_is_room() -> None:
    full = True

    def refuse(request: Request, number: int) -> Fault | None:
        workers = makes_pod(request) and b'"worker"' in request.body
        return Fault(403, reason="Forbidden") if full and workers else None

    async def scenario(run: Driven) -> None:
        nonlocal full
        run.api.faults = refuse
        await run.create(raycluster())
        await run.settle()
        failure = run.condition("ReplicaFailure")
        assert (failure["status"], failure["reason"]) == ("True", "FailedCreateWorkerPod")
        assert run.events().count("FailedCreateWorkerPod") == 1
        assert len(run.pods()) == 1
        full = False
        await run.settle(60)
        assert len(run.pods()) == 3
        assert run.condition("ReplicaFailure") == {}
        assert run.status()["state"] == "ready"

    play(scenario)


def test_a_fault_that_mends_itself_is_not_told() -> None:
    async def scenario(run: Driven) -> None:
        faults = iter([Fault(500), Fault(500)])
        run.api.faults = lambda request, number: next(faults, None) if makes_pod(request) else None
        await run.create(raycluster())
        await run.settle()
        assert run.status()["state"] == "ready"
        assert run.events() == ["Created"]
        assert [said for verb, said in run.writes() if said.endswith("/status")] == ["rayclusters.ray.io/status"]

    play(scenario)


def test_a_fault_that_stays_is_told_and_tried_less_and_less_often() -> None:
    async def scenario(run: Driven) -> None:
        run.api.faults = lambda request, number: Fault(500) if makes_pod(request) else None
        await run.create(raycluster(workers=0))
        await run.settle(600)
        assert run.condition("ReplicaFailure")["reason"] == "FailedCreateHeadPod"
        assert 6 < sum(1 for write in run.writes() if write == ("create", "pods")) < 20

    play(scenario)


def test_a_status_that_somebody_else_has_changed_is_decided_anew() -> None:
    async def scenario(run: Driven) -> None:
        faults = iter([Fault(409, reason="Conflict")])
        run.api.faults = lambda request, number: next(faults, None) if request.path.endswith("/status") else None
        await run.create(raycluster())
        await run.settle()
        assert run.status()["state"] == "ready"

    play(scenario)


def test_an_event_that_could_not_be_told_is_told_later_and_a_refused_one_is_dropped() -> None:
    async def scenario(run: Driven) -> None:
        faults = iter([Fault(500)])
        run.api.faults = lambda request, number: next(faults, None) if request.path.endswith("/events") else None
        await run.create(raycluster())
        await run.settle()
        assert run.events() == ["Created"]
        run.api.faults = lambda request, number: Fault(403) if request.path.endswith("/events") else None
        await run.change(workerGroupSpecs=[{**raycluster()["spec"]["workerGroupSpecs"][0], "replicas": 4}])
        await run.settle()
        assert len(run.pods()) == 5
        assert run.operator.queue.failures(("default", "demo")) == 0

    play(scenario)


@pytest.mark.parametrize("manager", ["kueue.x-k8s.io/multikueue"])
def test_a_cluster_that_another_controller_manages_is_left_alone(manager: str) -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster(managedBy=manager))
        await run.settle()
        assert run.writes() == []
        assert run.pods() == []

    play(scenario)


def test_deleted_pods_are_replaced_by_pods_of_other_names() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster(workers=2))
        await run.settle()
        before = set(run.pods())
        for name in before:
            await run.client.delete(PODS, "default", name, grace_s=0)
        await run.settle()
        assert len(run.pods()) == 3
        assert {name for name in run.pods() if name in before} == {name for name in before if "-head-" in name}

    play(scenario)


def test_nothing_is_remembered_of_a_cluster_that_is_gone() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle()
        await run.client.delete(RAYCLUSTERS, "default", "demo")
        await run.settle()
        assert run.api.objects("pods") == []
        controller = run.operator.controller
        assert len(run.operator.cache.store) == 0
        assert not run.operator.cache.store._gone
        assert not controller._failures
        assert not controller._starting
        assert not controller._silence_s
        assert not controller._told._memories
        assert not controller._ray._memories
        assert run.operator.queue.next_due_s() is None

    play(scenario)


def test_ready_waits_for_ray_and_says_so_when_ray_does_not_answer() -> None:
    async def scenario(run: Driven) -> None:
        run.ray = lambda observed: RayView(error="Ray's GCS does not answer")
        await run.create(raycluster())
        await run.settle()
        assert run.status()["state"] == "ready"
        assert run.condition("Ready")["reason"] == "GcsUnreachable"
        run.ray = all_alive
        await run.settle(120)
        assert run.condition("Ready")["status"] == "True"

    play(scenario)


def test_ray_is_asked_again_without_deciding_anew_what_was_decided_of_the_same_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, decided = [], []

    def decide(observed: Observed, *others: Any) -> Outcome:
        decided.append(observed)
        return reconcile(observed, *others)

    def silent(observed: Observed) -> RayView:
        asked.append(observed)
        return RayView(error="Ray's GCS does not answer")

    async def scenario(run: Driven) -> None:
        monkeypatch.setattr("shoal.operator.controller.reconcile", decide)
        run.ray = silent
        await run.create(raycluster())
        await run.settle(120)
        before = len(asked), len(decided)
        await run.settle(300)
        assert len(asked) > before[0]
        assert len(decided) == before[1]
        run.ray = all_alive
        await run.settle(120)
        assert run.condition("Ready")["status"] == "True"

    play(scenario)


def test_a_defect_in_one_cluster_is_told_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    run = Driven()

    async def broken(key: tuple[str, str]) -> None:
        if key[1] == "broken":
            raise ZeroDivisionError("of all things")

    async def scenario() -> None:
        run.operator.controller.step = broken  # type: ignore[method-assign]
        run.operator.queue.add(("default", "broken"))
        run.operator.queue.add(("default", "whole"))
        following = asyncio.create_task(run.operator.follow())
        working = asyncio.create_task(run.operator.work())
        async with asyncio.timeout(10):
            while not run.operator.queue.failures(("default", "broken")) or len(run.operator.queue):  # noqa: ASYNC110 - the queue tells nobody
                await asyncio.sleep(0.01)
        for task in (working, following):
            task.cancel()
            await asyncio.wait([task])

    asyncio.run(scenario())
    assert "of all things" in caplog.text


def test_pods_of_several_clusters_are_made_though_one_is_big() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster("big", workers=40))
        for number in range(3):
            await run.create(raycluster(f"small-{number}"))
        await run.settle(kubelet=True)
        assert Counter(name.rsplit("-", 3)[0].split("-g-")[0] for name in run.pods())["big"] >= 40
        assert len(run.pods()) == 41 + 3 * 3

    play(scenario)


def test_only_the_namespaces_that_are_watched_are_looked_at() -> None:
    api = FakeApi(namespaces=("default", "other"))
    run = Driven(api, namespaces=("other",))

    async def scenario() -> None:
        following = asyncio.create_task(run.operator.follow())
        await run.create(raycluster())
        await run.settle()
        following.cancel()

    asyncio.run(scenario())
    assert run.pods() == []
    assert {seen.namespace for seen in api.requests if seen.verb in ("list", "watch")} == {"other"}
