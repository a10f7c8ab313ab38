"""`shoal expose`: what it makes, refuses and takes away, and that operator and lint see the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import pytest
import yaml

from served import CONTEXT, NAMESPACE, Served
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.remote.exposing import exposing, put_up
from shoal.backends.kubernetes.remote.places import Place
from shoal.backends.kubernetes.transport import Request, Response
from shoal.cli.main import run
from shoal.desired.kubernetes.exposure import Entrance
from shoal.lint.facts import Facts
from shoal.lint.run import lint
from shoal.spec.parse import parse
from unit.backends.kubernetes.remote.conftest import CLUSTERS, MANIFEST, PODS, pod
from unit.operator.driven import Driven, play, raycluster

Capture = pytest.CaptureFixture[str]
EXPOSE = ["expose", "demo", "--context", CONTEXT]
BY_INGRESS = [*EXPOSE, "--host", "ray.example.com", "--tls", "ray-tls"]
POLICIES = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies"
HEAD = {"ray.io/node-type": "head"}


def exposed(served: Served) -> list[str]:
    """KIND/NAME of what was made."""
    kinds = ("services", "ingresses.networking.k8s.io", "networkpolicies.networking.k8s.io")
    found = [item for kind in kinds for item in served.api.objects(kind)]
    return [f"{item['kind']}/{item['metadata']['name']}" for item in found]


def policy(name: str, **spec: Any) -> dict[str, Any]:
    """A NetworkPolicy of somebody else."""
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def test_a_dry_run_prints_what_would_be_applied_and_changes_nothing(demo: Served, capsys: Capture) -> None:
    assert run([*BY_INGRESS, "--dry-run"]) == 0
    service, ingress = yaml.safe_load_all(capsys.readouterr().out)
    assert (service["kind"], ingress["kind"]) == ("Service", "Ingress")
    assert ingress["metadata"]["namespace"] == NAMESPACE
    assert [owner["kind"] for owner in ingress["metadata"]["ownerReferences"]] == ["RayCluster"]
    assert exposed(demo) == []


def test_nothing_is_opened_that_nobody_agreed_to(demo: Served, capsys: Capture) -> None:
    assert run(BY_INGRESS) == 2
    assert "--yes" in capsys.readouterr().err
    assert exposed(demo) == []


def test_what_is_exposed_can_be_exposed_again_and_taken_away(demo: Served, capsys: Capture) -> None:
    for _ in range(2):
        assert run([*BY_INGRESS, "--yes"]) == 0
        assert "https://ray.example.com leads to the dashboard of demo" in capsys.readouterr().err
        assert exposed(demo) == ["Service/demo-exposed", "Ingress/demo-exposed"]
    assert run([*EXPOSE, "--remove"]) == 0
    assert "removed Service/demo-exposed, Ingress/demo-exposed" in capsys.readouterr().err
    assert exposed(demo) == []
    assert run([*EXPOSE, "--remove"]) == 0
    assert "nothing exposes demo" in capsys.readouterr().err


def test_it_goes_with_the_cluster(demo: Served) -> None:
    run([*BY_INGRESS, "--yes"])
    demo.do("DELETE", f"{CLUSTERS}/demo")
    demo.api.controllers.act()
    assert exposed(demo) == []


def test_a_head_that_runs_without_tokens_is_not_exposed_whatever_the_manifest_says(
    demo: Served, capsys: Capture
) -> None:
    demo.do("PATCH", f"{CLUSTERS}/demo", {"spec": {"authOptions": {"mode": "token"}}})
    demo.do("DELETE", f"{PODS}/demo-head")
    demo.api.kubelet.end_pods()
    demo.do("POST", PODS, pod("demo-head", env=[{"name": "RAY_AUTH_MODE", "value": "disabled"}]))
    demo.api.kubelet.run_pods()
    assert run([*BY_INGRESS, "--yes"]) == 2
    assert "asks for no token" in capsys.readouterr().err
    assert exposed(demo) == []


def test_without_a_certificate_nothing_is_exposed(demo: Served, capsys: Capture) -> None:
    assert run([*EXPOSE, "--host", "ray.example.com", "--yes"]) == 2
    assert "no certificate is given" in capsys.readouterr().err
    assert exposed(demo) == []


@pytest.mark.parametrize(
    ("spec", "is_closed"),
    [
        ({"podSelector": {}, "policyTypes": ["Ingress"]}, True),
        ({"podSelector": {"matchLabels": HEAD}}, True),
        ({"podSelector": {"matchExpressions": [{"key": "ray.io/cluster", "operator": "Exists"}]}}, True),
        (
            {"podSelector": {"matchExpressions": [{"key": "ray.io/cluster", "operator": "NotIn", "values": ["x"]}]}},
            True,
        ),
        ({"podSelector": {"matchExpressions": [{"key": "ray.io/cluster", "operator": "DoesNotExist"}]}}, False),
        ({"podSelector": {"matchLabels": {"ray.io/cluster": "another"}}}, False),
        ({"podSelector": {}, "policyTypes": ["Egress"]}, False),
    ],
)
def test_a_policy_is_opened_where_one_is_in_the_way_and_none_made_where_it_would_close(
    spec: dict[str, Any], is_closed: bool, demo: Served
) -> None:
    demo.do("POST", POLICIES, policy("theirs", **spec))
    for _ in range(2):  # the one made here is not taken for one that closes
        run([*BY_INGRESS, "--yes"])
    assert ("NetworkPolicy/demo-exposed" in exposed(demo)) == is_closed


def test_an_object_of_that_name_that_is_somebody_elses_stays_as_it_is(demo: Served, capsys: Capture) -> None:
    demo.do("POST", POLICIES, policy("demo", podSelector={}))
    demo.do("POST", POLICIES, policy("demo-exposed", podSelector={"matchLabels": {"ray.io/cluster": "demo-exposed"}}))
    assert run([*BY_INGRESS, "--yes"]) == 1
    assert "NetworkPolicy 'demo-exposed' that `shoal expose` has not made" in capsys.readouterr().err
    assert exposed(demo) == ["NetworkPolicy/demo", "NetworkPolicy/demo-exposed"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "h", "--remove"], "--remove takes no --host"),
        ([], "say under which --host"),
        (["--host", "h", "--tls", "t", "--gateway", "g"], "one of the two"),
    ],
)
def test_what_makes_no_sense_together_is_refused(
    arguments: list[str], said: str, demo: Served, capsys: Capture
) -> None:
    assert run([*EXPOSE, *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_cluster_that_is_not_on_kubernetes_is_not_exposed(home: Any, capsys: Capture) -> None:
    assert run(["expose", "demo", "--host", "h", "--tls", "t"]) == 2
    assert "no cluster 'demo' is known on Kubernetes" in capsys.readouterr().err


class WithGateways:
    """FakeApi, beside which a Gateway "web" in namespace "infra" is there, and routes are taken."""

    def __init__(self, served: Served) -> None:
        self._api = served.api
        self.routes: list[dict[str, Any]] = []

    async def send(self, request: Request) -> Response:
        """A Gateway and an HTTPRoute as a server with the Gateway API answers, all else by the fake."""
        if request.path == "/apis/gateway.networking.k8s.io/v1/namespaces/infra/gateways/web":
            listener = {"name": "https", "protocol": "HTTPS", "port": 443, "hostname": "*.example.com"}
            listener |= {"allowedRoutes": {"namespaces": {"from": "All"}}}
            meta = {"name": "web", "namespace": "infra"}
            return Response(200, msgspec.json.encode({"metadata": meta, "spec": {"listeners": [listener]}}))
        if request.method == "PATCH" and "/httproutes/" in request.path:
            self.routes.append(msgspec.json.decode(request.body))
            return Response(200, request.body)
        return await self._api.send(request)

    def stream(self, request: Request) -> AbstractAsyncContextManager[tuple[Response, AsyncIterator[bytes]]]:
        """Of no use here."""
        raise NotImplementedError


def test_a_gateway_takes_the_ingress_place_which_goes(demo: Served) -> None:
    run([*BY_INGRESS, "--yes"])
    server = WithGateways(demo)
    client, place = Client(server), Place("", CONTEXT, NAMESPACE)

    async def by_gateway() -> None:
        manifests = await exposing(client, place, "demo", Entrance("ray.example.com"), "infra/web")
        await put_up(client, place, "demo", manifests)

    asyncio.run(by_gateway())
    (route,) = server.routes
    assert route["spec"]["parentRefs"] == [{"name": "web", "namespace": "infra", "sectionName": "https"}]
    assert exposed(demo) == ["Service/demo-exposed"]


def test_the_operator_leaves_alone_what_exposes_a_cluster() -> None:
    async def scenario(driven: Driven) -> None:
        await driven.create(raycluster())
        await driven.settle()
        place = Place("", CONTEXT, "default")
        manifests = await exposing(driven.client, place, "demo", Entrance("ray.example.com", tls_secret="t"), "")
        assert [manifest["kind"] for manifest in manifests] == ["Service", "Ingress", "NetworkPolicy"]
        await put_up(driven.client, place, "demo", manifests)
        before = [item["metadata"]["name"] for item in driven.api.objects("services")]
        assert "demo-exposed" in before
        await driven.change(suspend=True)
        await driven.settle(600)
        assert [item["metadata"]["name"] for item in driven.api.objects("services")] == before
        assert len(driven.api.objects("ingresses.networking.k8s.io")) == 1

    play(scenario)


@pytest.mark.parametrize(("auth", "codes"), [("{mode: token}", set()), ("{mode: disabled}", {"L141", "L143"})])
def test_lint_judges_what_it_prints_as_it_does(auth: str, codes: set[str], demo: Served, capsys: Capture) -> None:
    run([*BY_INGRESS, "--dry-run"])
    cluster = MANIFEST.replace(", novel: {kept: true}", "")
    text = f"{cluster}  authOptions: {auth}\n---\n{capsys.readouterr().out}"
    found = lint(parse(text.encode(), "file.yaml"), Facts())
    about = {finding.code for finding in found if finding.code in ("L141", "L142", "L143", "L144")}
    assert about == codes
