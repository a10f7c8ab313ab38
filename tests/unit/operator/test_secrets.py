"""Secrets of clusters: there before the pods that need them, and there again when somebody has deleted them."""

import asyncio

from shoal.backends.kubernetes.client import Ignored
from shoal.backends.kubernetes.resources import PODS, SECRETS
from shoal.world.kubernetes import CONTENTS, Observed, RayView
from shoal.world.kubernetes import SECRETS as NOTE
from unit.operator.driven import Driven, all_alive, play, raycluster


def gone(run: Driven, observed: Observed, secret: str) -> RayView:
    """Ray's answer, asked with a Secret that wasn't there any more."""
    run.operator._keys.is_gone(observed, secret)
    return RayView(all_alive(observed).alive, gone=run.operator._keys.gone(observed))


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
        run.ray = lambda observed: gone(run, observed, name)
        await run.settle(150)
        assert [secret["data"] for secret in run.api.objects("secrets")] == [token["data"]]
        assert run.writes().count(("create", "secrets")) == 2

    play(scenario)


def test_pods_that_are_made_just_after_their_secret_was_deleted_get_it_although_nothing_happens_to_them() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle(5)
        await run.client.delete(SECRETS, "default", "demo")
        for pod in run.pods():
            await run.client.delete(PODS, "default", pod)
        await run.settle(90)
        assert run.condition("Ready")["status"] == "True"

    play(scenario)


def test_a_secret_that_ray_refused_what_was_in_is_looked_for_before_the_next_pod() -> None:
    async def scenario(run: Driven) -> None:
        def refused(observed: Observed) -> RayView:
            run.operator._keys.doubt(observed)
            return RayView(error="Ray's GCS refuses the token")

        await run.create(raycluster())
        await run.settle(60)
        run.ray = refused
        await run.settle(150)
        await run.client.delete(SECRETS, "default", "demo")
        for pod in run.pods():
            await run.client.delete(PODS, "default", pod)
        run.ray = all_alive
        await run.settle(150)
        assert run.condition("Ready")["status"] == "True"

    play(scenario)


async def restarted(run: Driven) -> Driven:
    """Another operator on the same API server, which knows nothing that the first one did."""
    after = Driven(run.api, run.clock)

    def asked(observed: Observed) -> RayView:
        there = [secret["metadata"]["name"] for secret in run.api.objects("secrets")]
        return all_alive(observed) if "demo" in there else gone(after, observed, "demo")

    after.ray = asked
    return after


async def operates(run: Driven, seconds: float, *, kubelet: bool = True) -> None:
    """It follows what happens for so long."""
    following = asyncio.create_task(run.operator.follow())
    await run.settle(seconds, kubelet=kubelet)
    following.cancel()
    await asyncio.wait([following])


def test_pods_that_have_what_was_in_a_lost_secret_are_made_anew_and_it_is_said_why() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster())
        await run.settle(60)
        before = {pod["metadata"]["uid"] for pod in run.api.objects("pods")}
        (token,) = run.api.objects("secrets")
        await run.client.delete(SECRETS, "default", "demo")
        after = await restarted(run)
        await operates(after, 5, kubelet=False)
        assert run.condition("Ready")["reason"] == "SecretFilledAnew"
        assert "Secret/demo was lost and is filled anew" in run.condition("Ready")["message"]
        await operates(after, 60)
        assert run.condition("Ready")["status"] == "True"
        assert before.isdisjoint(pod["metadata"]["uid"] for pod in run.api.objects("pods"))
        (other,) = run.api.objects("secrets")
        assert token["data"] != other["data"]
        (event,) = (event for event in run.api.objects("events") if event["reason"] == "Deleted")
        assert event["type"] == "Warning"
        assert "Secret/demo was lost and is filled anew" in event["message"]

    play(scenario)


def test_an_operator_that_restarts_or_finds_secrets_without_its_notes_restarts_no_pod() -> None:
    async def scenario(run: Driven) -> None:
        await run.create(raycluster(tlsOptions={"enabled": True}))
        await run.settle(60)
        before = {pod["metadata"]["uid"] for pod in run.api.objects("pods")}
        await operates(await restarted(run), 200)
        for resource, plural in ((SECRETS, "secrets"), (PODS, "pods")):
            for item in run.api.objects(plural):
                nothing = {"metadata": {"annotations": {CONTENTS: None, NOTE: None}}}
                await run.client.merge(resource, "default", item["metadata"]["name"], nothing, Ignored)
        await operates(await restarted(run), 200)
        assert {pod["metadata"]["uid"] for pod in run.api.objects("pods")} == before

    play(scenario)
