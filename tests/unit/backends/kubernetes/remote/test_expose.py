"""`shoal expose`: what it makes, refuses and takes away, and that operator and lint see the same."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import msgspec
import pytest
import yaml

from listening import listening
from served import CONTEXT, NAMESPACE, Served
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.remote.exposed import put_up
from shoal.backends.kubernetes.remote.exposing import exposing
from shoal.backends.kubernetes.remote.head import RayPod
from shoal.backends.kubernetes.remote.places import Place
from shoal.backends.kubernetes.transport import Request, Response
from shoal.cli.main import run
from shoal.desired.kubernetes.entrance import Entrance
from shoal.lint.facts import Facts
from shoal.lint.run import lint
from shoal.spec.parse import parse
from unit.backends.kubernetes.remote.conftest import CLUSTERS, MANIFEST, PODS, pod
from unit.operator.driven import Driven, play, raycluster

Capture = pytest.CaptureFixture[str]
EXPOSE = ["expose", "demo", "--context", CONTEXT]
BY_INGRESS = [*EXPOSE, "--host", "ray.example.com", "--tls", "ray-tls"]
POLICIES = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies"
SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
CLASSES = "/apis/networking.k8s.io/v1/ingressclasses"
HEAD = {"ray.io/node-type": "head"}


class Dashboard:
    """What the head's dashboard answers. asked: path and Authorization header of each request."""

    def __init__(self) -> None:
        self.status = 401
        self.asked: list[tuple[str, str | None]] = []


@pytest.fixture(autouse=True)
def dashboard(served: Served) -> Iterator[Dashboard]:
    """It asks for a token, behind port 8265 of every pod."""
    dashboard = Dashboard()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            dashboard.asked.append((self.path, self.headers["Authorization"]))
            self.send_response(dashboard.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with listening(HTTPServer(("127.0.0.1", 0), Answer)) as server:
        served.ports[8265] = server.server_port
        yield dashboard


async def asks(head: RayPod) -> int:
    """As a dashboard that wants a token."""
    return 401


def ingress_class(name: str, controller: str, **metadata: Any) -> dict[str, Any]:
    """An IngressClass as it is read."""
    return {"metadata": {"name": name, **metadata}, "spec": {"controller": controller}}


def run_again_with(served: Served, image: str, mode: str = "token") -> None:
    """Put another head in the place of the one there is."""
    served.do("DELETE", f"{PODS}/demo-head")
    served.api.kubelet.end_pods()
    served.do("POST", PODS, pod("demo-head", image=image, env=[{"name": "RAY_AUTH_MODE", "value": mode}]))
    served.api.kubelet.run_pods()


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
        err = capsys.readouterr().err
        assert "https://ray.example.com will lead to the dashboard of demo" in err
        assert "once the default class has taken it up" in err
        assert f"kubectl -n {NAMESPACE} get ingress demo-exposed " in err
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
    run_again_with(demo, "rayproject/ray:2.60.0", "disabled")
    assert run([*BY_INGRESS, "--yes"]) == 2
    assert "asks for no token" in capsys.readouterr().err
    assert exposed(demo) == []


@pytest.mark.parametrize("version", ["", "2.60.0"])
def test_a_ray_that_knows_no_tokens_is_not_exposed_whatever_it_is_told(
    version: str, demo: Served, capsys: Capture
) -> None:
    demo.do("PATCH", f"{CLUSTERS}/demo", {"spec": {"rayVersion": version}})
    run_again_with(demo, "rayproject/ray:2.46.0")
    assert run([*BY_INGRESS, "--yes"]) == 2
    err = capsys.readouterr().err
    assert "error[E748]" in err
    assert "demo runs Ray 2.46.0, which knows no tokens" in err
    assert exposed(demo) == []


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_a_dashboard_that_lets_in_who_has_no_token_is_not_exposed(
    status: int, demo: Served, dashboard: Dashboard, capsys: Capture
) -> None:
    dashboard.status = status
    run_again_with(demo, "registry.example.com/mine:1")
    for how in ("--yes", "--dry-run"):
        assert run([*BY_INGRESS, how]) == 2
        err = capsys.readouterr().err
        assert "error[E748]" in err
        assert f"should ask for a token, and answers {status} to who has none" in err
        assert "registry.example.com/mine:1 has Ray 2.52 or newer" in err
    assert dashboard.asked == [("/api/jobs/", None)] * 2
    assert exposed(demo) == []


def test_a_dashboard_that_may_not_be_asked_or_does_not_answer_is_not_exposed(demo: Served, capsys: Capture) -> None:
    demo.forbidden.add("portforward")
    assert run([*BY_INGRESS, "--yes"]) == 1
    err = capsys.readouterr().err
    assert "error[E401]" in err
    assert "create pods/portforward" in err
    demo.forbidden.clear()
    demo.ports.clear()
    assert run([*BY_INGRESS, "--yes"]) == 1
    assert "could not be tried: port 8265 of the head: nothing listens there" in capsys.readouterr().err
    assert exposed(demo) == []


def test_a_class_is_known_by_its_controller_and_what_is_named_is_looked_up(demo: Served, capsys: Capture) -> None:
    demo.beside[f"{CLASSES}/nginx"] = ingress_class("nginx", "ingress.k8s.aws/alb")
    demo.do("POST", SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ray-tls"}})
    assert run([*BY_INGRESS, "--class", "nginx", "--yes"]) == 0
    printed = capsys.readouterr()
    _, ingress = yaml.safe_load_all(printed.out)
    assert set(ingress["metadata"]["annotations"]) == {
        "alb.ingress.kubernetes.io/listen-ports",
        "alb.ingress.kubernetes.io/target-type",
    }
    assert "look:" not in printed.err
    assert "once class nginx has taken it up" in printed.err


def test_a_slip_in_a_class_or_a_secret_is_told_before_anybody_agrees(demo: Served, capsys: Capture) -> None:
    assert run([*BY_INGRESS, "--class", "ngnix"]) == 2
    err = capsys.readouterr().err
    assert "look: there is no IngressClass 'ngnix'" in err
    assert "look: there is no Secret 'ray-tls'" in err


def test_what_may_not_be_read_is_not_complained_of(demo: Served, capsys: Capture) -> None:
    demo.beside = {f"{CLASSES}/nginx": None, f"{SECRETS}/ray-tls": None}
    assert run([*BY_INGRESS, "--class", "nginx", "--yes"]) == 0
    err = capsys.readouterr().err
    assert "class nginx is taken for nginx by its name" in err
    assert "Secret" not in err


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
        (["--host", "h", "--class", "c", "--gateway", "g"], "--class is of an Ingress"),
        (["--host", "h.example.com", "--serve-host", "H.example.com", "--tls", "t"], "--serve-host is the same as"),
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
        found = await exposing(client, place, "demo", Entrance("ray.example.com"), "infra/web", asks)
        assert found.doubts == ()
        await put_up(client, place, "demo", found.manifests)

    asyncio.run(by_gateway())
    (route,) = server.routes
    assert route["spec"]["parentRefs"] == [{"name": "web", "namespace": "infra", "sectionName": "https"}]
    assert exposed(demo) == ["Service/demo-exposed"]


def test_an_old_gateway_api_gets_a_route_without_timeouts_and_that_is_told(demo: Served, capsys: Capture) -> None:
    api = "gateway.networking.k8s.io/v1"
    gateways = f"/apis/{api}/namespaces/{NAMESPACE}"
    listener = {"name": "https", "protocol": "HTTPS", "port": 443}
    rules: dict[str, Any] = {"items": {"properties": {"matches": {}}}}
    route = {"properties": {"spec": {"properties": {"rules": rules}}}}
    demo.beside[f"/openapi/v3/apis/{api}"] = {"components": {"schemas": {"v1.HTTPRoute": route}}}
    web = {"metadata": {"name": "web", "namespace": NAMESPACE}, "spec": {"listeners": [listener]}}
    demo.beside[f"{gateways}/gateways/web"] = web
    demo.beside[f"{gateways}/httproutes/demo-exposed-8265"] = {"metadata": {"labels": {"shoal.dev/exposure": "true"}}}
    assert run([*EXPOSE, "--host", "ray.example.com", "--gateway", f"{NAMESPACE}/web", "--yes"]) == 0
    printed = capsys.readouterr()
    assert "timeouts" not in printed.out
    assert "look: the Gateway API here knows no timeouts" in printed.err
    assert f"kubectl -n {NAMESPACE} get gateway web " in printed.err


def test_the_operator_leaves_alone_what_exposes_a_cluster() -> None:
    async def scenario(driven: Driven) -> None:
        await driven.create(raycluster())
        await driven.settle()
        place = Place("", CONTEXT, "default")
        entrance = Entrance("ray.example.com", tls_secret="t")
        found = await exposing(driven.client, place, "demo", entrance, "", asks)
        assert [manifest["kind"] for manifest in found.manifests] == ["Service", "Ingress", "NetworkPolicy"]
        await put_up(driven.client, place, "demo", found.manifests)
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
