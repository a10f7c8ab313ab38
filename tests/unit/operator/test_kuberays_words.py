"""What KubeRay's own end-to-end tests read of conditions and labels."""

import asyncio

from shoal.backends.kubernetes.client import Ignored
from shoal.backends.kubernetes.resources import PODS, RAYCLUSTERS
from shoal.testing.fakeapi import Fault
from unit.operator.driven import TURNS, Driven, makes_pod, play, raycluster


def said_of(run: Driven, *kinds: str) -> list[tuple[str, str]]:
    return [(run.condition(kind)["status"], run.condition(kind)["reason"]) for kind in kinds]


def test_a_suspended_and_a_resumed_cluster_say_so_in_kuberays_words() -> None:
    kinds = ("RayClusterSuspending", "RayClusterSuspended", "RayClusterProvisioned", "HeadPodReady")

    async def scenario(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle()
        await run.change(suspend=True)
        await run.settle()
        assert said_of(run, *kinds) == [
            ("False", "RayClusterSuspending"),
            ("True", "RayClusterSuspended"),
            ("False", "RayClusterPodsProvisioning"),
            ("False", "HeadPodNotFound"),
        ]
        await run.change(suspend=False)
        await run.settle()
        assert said_of(run, *kinds) == [
            ("False", "RayClusterSuspending"),
            ("False", "RayClusterSuspended"),
            ("True", "AllPodRunningAndReadyFirstTime"),
            ("True", "HeadPodRunningAndReady"),
        ]

    play(scenario)


def test_a_cluster_that_is_resumed_while_its_pods_go_is_suspending_until_they_are_gone() -> None:
    kinds = ("RayClusterSuspending", "RayClusterSuspended")
    held = raycluster()
    held["spec"]["headGroupSpec"]["template"]["metadata"] = {"finalizers": ["example.com/hold"]}

    async def scenario(run: Driven) -> None:
        await run.create(held)
        await run.settle()
        await run.change(suspend=True)
        await run.settle()
        await run.change(suspend=False)
        await run.settle()
        assert said_of(run, *kinds) == [("True", "RayClusterSuspending"), ("False", "RayClusterSuspended")]
        (old,) = [pod["metadata"] for pod in run.api.objects("pods") if "deletionTimestamp" in pod["metadata"]]
        await run.client.merge(PODS, "default", old["name"], {"metadata": {"finalizers": None}}, Ignored)
        await run.settle()
        assert said_of(run, *kinds) == [("False", "RayClusterSuspending"), ("False", "RayClusterSuspended")]
        assert run.status()["state"] == "ready"
        assert old["uid"] not in {pod["metadata"]["uid"] for pod in run.api.objects("pods")}

    play(scenario)


def test_a_cluster_that_contradicts_itself_is_told_so_and_what_runs_goes_on() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster(workers=2))
        await run.settle()
        pods = run.pods()
        await run.change(rayVersion="2.51.0", authOptions={"mode": "token"})
        await run.settle()
        assert run.pods() == pods
        assert said_of(run, "Ready") == [("False", "SpecInvalid")]
        assert "Ray 2.51.0 knows no token authentication" in run.condition("Ready")["message"]
        assert run.events().count("InvalidRayClusterSpec") == 1

    play(scenario)


def test_every_worker_is_labelled_with_the_number_of_its_replica() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster(workers=3))
        await run.settle()
        labels = [pod["metadata"]["labels"] for pod in run.api.objects("pods")]
        found = {label.get("ray.io/worker-group-replica-index") for label in labels}
        assert found == {None, "0", "1", "2"}  # the head has none

    play(scenario)


def test_the_numbers_are_there_that_kuberays_dashboards_ask_for() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle()
        await run.operator._step(("default", "demo"))
        run.api.faults = lambda request, number: Fault(422) if makes_pod(request) else None
        await run.change(workerGroupSpecs=raycluster(workers=3)["spec"]["workerGroupSpecs"])
        for _ in range(TURNS):
            await asyncio.sleep(0)
        await run.operator._step(("default", "demo"))
        lines = run.operator.metrics()[1].splitlines()
        said = {line.rpartition(" ")[0] for line in lines}
        own = 'controller="raycluster-controller"'
        assert said >= {
            f'workqueue_depth{{{own},name="raycluster-controller"}}',
            f"controller_runtime_active_workers{{{own}}}",
            f'controller_runtime_reconcile_time_seconds_bucket{{{own},le="+Inf"}}',
            f'controller_runtime_reconcile_total{{{own},result="success"}}',
            f'controller_runtime_reconcile_total{{{own},result="error"}}',
        }
        uid = run.api.objects("rayclusters.ray.io")[0]["metadata"]["uid"]
        who = 'name="demo",namespace="default"'
        assert f'kuberay_cluster_info{{{who},owner_kind="None",uid="{uid}"}} 1' in lines
        assert f'kuberay_cluster_condition_provisioned{{{who},condition="true",uid="{uid}"}} 1' in lines
        assert f'kuberay_cluster_provisioned_duration_seconds{{{who},uid="{uid}"}}' in said

    play(scenario)


def test_a_head_that_is_to_be_the_only_one_is_not_replaced_once_all_were_ready() -> None:
    once = raycluster()
    once["metadata"]["annotations"] = {"ray.io/disable-provisioned-head-restart": "true"}

    async def scenario(run: Driven) -> None:
        await run.create(once)
        await run.settle(5, kubelet=False)
        await run.client.delete(PODS, "default", next(name for name in run.pods() if "head" in name), grace_s=0)
        await run.settle(60)
        assert run.condition("Ready")["status"] == "True", "it was not whole yet"
        run.api.kubelet.fail(next(pod for pod in run.api.objects("pods") if "head" in pod["metadata"]["name"]))
        await run.settle(90)
        workers = run.pods()
        assert ["worker" in name for name in workers] == [True, True]
        assert said_of(run, "Ready") == [("False", "HeadNotReplaced")]
        assert run.events().count("HeadNotReplaced") == 1
        await run.client.delete(PODS, "default", workers[0])
        await run.settle(90)
        assert ["worker" in name for name in run.pods()] == [True, True]
        note = {"metadata": {"annotations": {"ray.io/disable-provisioned-head-restart": None}}}
        await run.client.merge(RAYCLUSTERS, "default", "demo", note, Ignored)
        await run.settle(90)
        assert run.condition("Ready")["status"] == "True"

    play(scenario)
