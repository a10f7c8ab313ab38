"""What `shoal expose` makes, and what it refuses to make."""

from typing import Any

import msgspec
import pytest

from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes.controllers import FOR_CLASSES
from shoal.desired.kubernetes.entrance import Entrance, Seen, doubts
from shoal.desired.kubernetes.exposure import DashboardUnprotected, exposure
from shoal.desired.kubernetes.gateways import DashboardUnencrypted, Gateway, GatewayClosed
from shoal.spec.raycluster import RayCluster

BODY = {
    "apiVersion": "ray.io/v1",
    "kind": "RayCluster",
    "metadata": {"name": "c", "namespace": "ns"},
    "spec": {"headGroupSpec": {"template": {"spec": {"containers": [{"name": "ray-head"}]}}}},
}
CLUSTER = msgspec.convert(BODY, RayCluster)
INGRESS = Entrance("ray.example.com", tls_secret="ray-tls", ingress_class="nginx")


def gateway(*listeners: dict[str, Any]) -> Gateway:
    """A Gateway with these listeners."""
    meta = {"name": "web", "namespace": "infra"}
    return msgspec.convert({"metadata": meta, "spec": {"listeners": list(listeners)}}, Gateway)


HTTP = {"name": "http", "protocol": "HTTP", "port": 80}
ALL = {"namespaces": {"from": "All"}}
HTTPS = {"name": "https", "protocol": "HTTPS", "port": 443, "hostname": "*.example.com", "allowedRoutes": ALL}


def made(entrance: Entrance, **seen: Any) -> dict[str, DesiredObject]:
    """The objects of an exposure, by kind and name."""
    return {item.key: item for item in exposure(CLUSTER, entrance, Seen(**{"asks_for_token": True, **seen}))}


def told(ingress_class: str, controller: str | None = None) -> dict[str, str]:
    """The annotations of an Ingress of this class, whose controller was read."""
    found = made(Entrance("ray.example.com", tls_secret="t", ingress_class=ingress_class), controller=controller)
    annotations: dict[str, str] = found["Ingress/c-exposed"].body["metadata"]["annotations"]
    return annotations


@pytest.mark.parametrize("entrance", [INGRESS, Entrance("ray.example.com", gateway=gateway(HTTPS))])
def test_a_dashboard_that_asks_nobody_for_a_token_is_not_exposed(entrance: Entrance) -> None:
    with pytest.raises(DashboardUnprotected, match="asks for no token"):
        made(entrance, asks_for_token=False)


def test_a_ray_that_knows_no_tokens_is_told_of() -> None:
    with pytest.raises(DashboardUnprotected, match=r"runs Ray 2\.46\.0, which knows no tokens .*2\.52 or newer"):
        made(INGRESS, asks_for_token=False, ray_version="2.46.0")


@pytest.mark.parametrize(
    "entrance",
    [
        Entrance("ray.example.com"),
        Entrance("ray.example.com", gateway=gateway()),
        Entrance("ray.example.com", gateway=gateway(HTTP)),
        Entrance("ray.elsewhere.com", gateway=gateway(HTTP, HTTPS)),
        Entrance("example.com", gateway=gateway(HTTPS)),
        Entrance("ray.example.com", serve_host="app.elsewhere.com", gateway=gateway(HTTPS)),
    ],
)
def test_a_dashboard_without_tls_is_not_exposed(entrance: Entrance) -> None:
    with pytest.raises(DashboardUnencrypted):
        made(entrance)


@pytest.mark.parametrize("allowed", [{}, {"allowedRoutes": {"namespaces": {"from": "Same"}}}])
def test_no_route_is_made_that_the_gateway_would_not_take(allowed: dict[str, Any]) -> None:
    listener = {key: value for key, value in HTTPS.items() if key != "allowedRoutes"} | allowed
    with pytest.raises(GatewayClosed, match="takes no routes of other namespaces"):
        made(Entrance("ray.example.com", gateway=gateway(listener)))
    beside = msgspec.convert(
        {"metadata": {"name": "web", "namespace": "ns"}, "spec": {"listeners": [listener]}}, Gateway
    )
    assert "HTTPRoute/c-exposed-8265" in made(Entrance("ray.example.com", gateway=beside))


def test_an_ingress_ends_tls_for_its_host_and_leads_to_the_dashboard_alone() -> None:
    found = made(INGRESS)
    assert list(found) == ["Service/c-exposed", "Ingress/c-exposed"]
    assert found["Service/c-exposed"].body["spec"]["ports"] == [{"name": "port-8265", "port": 8265}]
    assert found["Service/c-exposed"].body["spec"]["selector"]["ray.io/node-type"] == "head"
    body = found["Ingress/c-exposed"].body
    assert body["spec"] == {
        "tls": [{"hosts": ["ray.example.com"], "secretName": "ray-tls"}],
        "rules": [
            {
                "host": "ray.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "c-exposed", "port": {"number": 8265}}},
                        }
                    ]
                },
            }
        ],
        "ingressClassName": "nginx",
    }


TLS_ALONE = {
    "nginx": {"nginx.ingress.kubernetes.io/force-ssl-redirect": "true"},
    "traefik": {
        "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
        "traefik.ingress.kubernetes.io/router.tls": "true",
    },
    "contour": {"ingress.kubernetes.io/force-ssl-redirect": "true"},
    "alb": {
        "alb.ingress.kubernetes.io/listen-ports": '[{"HTTPS":443}]',
        "alb.ingress.kubernetes.io/target-type": "ip",
    },
    "gce": {"kubernetes.io/ingress.allow-http": "false"},
    "kong": {"konghq.com/protocols": "https"},
}


@pytest.mark.parametrize(
    ("ingress_class", "controller", "known"),
    [
        ("nginx", None, "nginx"),
        ("nginx", "", "nginx"),
        ("public", "k8s.io/ingress-nginx", "nginx"),
        ("internal", "k8s.io/internal-ingress-nginx", "nginx"),
        ("traefik-internal", None, "traefik"),
        ("public", "traefik.io/ingress-controller", "traefik"),
        ("contour", None, "contour"),
        ("nginx", "projectcontour.io/projectcontour/contour", "contour"),
        ("", "ingress.k8s.aws/alb", "alb"),
        ("alb", None, "alb"),
        ("gce-internal", "", "gce"),
        ("public", "ingress-controllers.konghq.com/kong", "kong"),
    ],
)
def test_a_controller_is_told_to_serve_by_tls_alone(ingress_class: str, controller: str | None, known: str) -> None:
    annotations = told(ingress_class, controller)
    assert TLS_ALONE[known].items() <= annotations.items()
    others = {key for word, said in FOR_CLASSES.items() if word != known for key in said}
    assert not others & annotations.keys()


def test_a_controller_is_told_to_cut_nothing() -> None:
    nginx, contour = told("nginx"), told("contour")
    assert nginx["nginx.ingress.kubernetes.io/proxy-body-size"] == "512m"
    assert nginx["nginx.ingress.kubernetes.io/proxy-read-timeout"] == "3600"
    assert contour["projectcontour.io/websocket-routes"] == "/"
    assert contour["projectcontour.io/response-timeout"] == "infinity"


@pytest.mark.parametrize(
    ("ingress_class", "controller"),
    [("", None), ("", ""), ("public", None), ("nginx", "nginx.org/ingress-controller"), ("", "example.com/another")],
)
def test_a_controller_that_is_not_known_is_told_what_each_would_be(ingress_class: str, controller: str | None) -> None:
    annotations = told(ingress_class, controller)
    for said in TLS_ALONE.values():
        assert said.items() <= annotations.items()


def test_gke_finds_its_class_in_an_annotation_alone() -> None:
    body = made(Entrance("ray.example.com", tls_secret="t", ingress_class="gce"))["Ingress/c-exposed"].body
    assert body["metadata"]["annotations"]["kubernetes.io/ingress.class"] == "gce"
    assert "ingressClassName" not in body["spec"]
    assert "kubernetes.io/ingress.class" not in told("nginx")


@pytest.mark.parametrize(
    ("ingress_class", "seen", "said"),
    [
        ("nginx", {"controller": "k8s.io/ingress-nginx", "has_secret": True}, ()),
        ("nginx", {"controller": "k8s.io/ingress-nginx"}, ()),
        ("gce", {"controller": ""}, ()),
        ("nginx", {"controller": "nginx.org/ingress-controller"}, ("nginx.org/ingress-controller isn't known",)),
        ("ngnix", {"controller": ""}, ("no IngressClass 'ngnix'",)),
        ("", {"controller": ""}, ("no IngressClass is the default one",)),
        ("nginx", {"controller": None}, ("class nginx is taken for nginx by its name",)),
        ("", {"controller": None}, ("the default class's controller may be any",)),
        ("kong", {"controller": "ingress-controllers.konghq.com/kong", "has_secret": False}, ("no Secret 't'",)),
        ("alb", {"controller": "ingress.k8s.aws/alb", "has_secret": False}, ()),
        ("ngnix", {"controller": "", "has_secret": False}, ("'ngnix'", "no Secret 't'")),
    ],
)
def test_what_nobody_can_vouch_for_is_said(ingress_class: str, seen: dict[str, Any], said: tuple[str, ...]) -> None:
    entrance = Entrance("ray.example.com", tls_secret="t", ingress_class=ingress_class)
    found = list(doubts(entrance, Seen(asks_for_token=True, **seen)))
    assert len(found) == len(said)
    assert all(part in line for part, line in zip(said, found, strict=True)), found


def test_serve_has_a_host_of_its_own() -> None:
    found = made(Entrance("ray.example.com", serve_host="app.example.com", tls_secret="t"))
    spec = found["Ingress/c-exposed"].body["spec"]
    assert spec["tls"][0]["hosts"] == ["ray.example.com", "app.example.com"]
    assert [rule["host"] for rule in spec["rules"]] == ["ray.example.com", "app.example.com"]
    assert [port["port"] for port in found["Service/c-exposed"].body["spec"]["ports"]] == [8000, 8265]


def test_a_route_is_taken_up_by_the_listener_with_tls_for_its_host() -> None:
    exact = HTTPS | {"name": "exact", "hostname": "app.example.com"}
    entrance = Entrance("ray.example.com", serve_host="app.example.com", gateway=gateway(HTTP, HTTPS, exact))
    found = made(entrance)
    assert list(found) == ["Service/c-exposed", "HTTPRoute/c-exposed-8265", "HTTPRoute/c-exposed-8000"]
    spec = found["HTTPRoute/c-exposed-8265"].body["spec"]
    assert spec["parentRefs"] == [{"name": "web", "namespace": "infra", "sectionName": "https"}]
    assert spec["hostnames"] == ["ray.example.com"]
    assert spec["rules"][0]["backendRefs"] == [{"name": "c-exposed", "port": 8265}]
    assert spec["rules"][0]["timeouts"] == {"request": "0s"}
    assert found["HTTPRoute/c-exposed-8000"].body["spec"]["parentRefs"][0]["sectionName"] == "exact"


def test_a_policy_opens_what_another_one_closes_and_is_left_out_where_nothing_is_closed() -> None:
    assert not any(key.startswith("NetworkPolicy") for key in made(INGRESS))
    spec = made(INGRESS, is_closed=True)["NetworkPolicy/c-exposed"].body["spec"]
    assert spec["podSelector"] == {"matchLabels": {"ray.io/cluster": "c", "ray.io/node-type": "head"}}
    assert spec["ingress"][0] == {"ports": [{"port": 8265, "protocol": "TCP"}]}


def test_a_policy_that_is_left_alone_lets_the_workers_in() -> None:
    spec = made(INGRESS, is_closed=True)["NetworkPolicy/c-exposed"].body["spec"]
    assert spec["ingress"][1:] == [{"from": [{"podSelector": {"matchLabels": {"ray.io/cluster": "c"}}}]}]
