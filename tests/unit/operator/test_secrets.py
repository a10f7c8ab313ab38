"""Secrets of clusters: there before the pods that need them, and there again when somebody has deleted them."""

from shoal.backends.kubernetes.resources import PODS, SECRETS
from shoal.world.kubernetes import RayView
from unit.operator.driven import Driven, all_alive, play, raycluster


def test_a_cluster_with_tls_has_its_authority_before_its_pods() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster(tlsOptions={"enabled": True}))
        await run.settle()
        assert run.condition("Ready")["status"] == "True"
        (authority,) = (secret for secret in run.api.objects("secrets") if secret["type"] == "kubernetes.io/tls")
        volumes = [pod["spec"]["volumes"] for pod in run.api.objects("pods")]
        named = [{"secretName": authority["metadata"]["name"], "defaultMode": 420}]
        assert [[v["secret"] for v in each if "secret" in v] for each in volumes] == [named] * 3
        verbs = [what for what in run.writes() if what[1] in ("secrets", "pods")]
        assert verbs.index(("create", "pods")) == 2

    play(scenario)


def test_a_secret_that_was_deleted_is_there_again_before_the_next_pod() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster(tlsOptions={"enabled": True}))
        await run.settle(60)
        before = {secret["metadata"]["name"]: secret["data"] for secret in run.api.objects("secrets")}
        for name in before:
            await run.client.delete(SECRETS, "default", name)
        await run.settle(60)
        assert run.api.objects("secrets") == [], "nothing needs one"
        await run.client.delete(PODS, "default", run.pods()[-1])
        await run.settle(60)
        assert {secret["metadata"]["name"]: secret["data"] for secret in run.api.objects("secrets")} == before
        verbs = [what for what in run.writes() if what[1] in ("secrets", "pods")]
        assert verbs[-3:] == [("create", "secrets")] * 2 + [("create", "pods")]

    play(scenario)


def test_a_secret_that_ray_could_not_be_asked_with_is_made_again_at_once() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle(60)
        (token,) = run.api.objects("secrets")
        name = token["metadata"]["name"]
        await run.client.delete(SECRETS, "default", name)
        run.operator._lost("default", name)
        run.ray = lambda observed: RayView(all_alive(observed).alive, gone=frozenset({name}))
        await run.settle(150)
        assert [secret["data"] for secret in run.api.objects("secrets")] == [token["data"]]
        assert run.writes().count(("create", "secrets")) == 2

    play(scenario)
