"""What KubeRay's own end-to-end tests read of conditions and labels."""

from unit.operator.driven import Driven, play, raycluster


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


def test_every_worker_is_labelled_with_the_number_of_its_replica() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster(workers=3))
        await run.settle()
        labels = [pod["metadata"]["labels"] for pod in run.api.objects("pods")]
        found = {label.get("ray.io/worker-group-replica-index") for label in labels}
        assert found == {None, "0", "1", "2"}  # the head has none

    play(scenario)
