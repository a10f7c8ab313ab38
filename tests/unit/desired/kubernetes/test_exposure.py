"""What `shoal expose` makes, and what it refuses to make."""

from typing import Any

import msgspec
import pytest

from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes.controllers import FOR_CONTOUR, FOR_NGINX, FOR_TRAEFIK
from shoal.desired.kubernetes.exposure import DashboardUnprotected, Entrance, exposure
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


def made(entrance: Entrance, *, is_closed: bool = False) -> dict[str, DesiredObject]:
    """The objects of an exposure, by kind and name."""
    found = exposure(CLUSTER, entrance, asks_for_token=True, is_closed=is_closed)
    return {item.key: item for item in found}


@pytest.mark.parametrize("entrance", [INGRESS, Entrance("ray.example.com", gateway=gateway(HTTPS))])
def test_a_dashboard_that_asks_nobody_for_a_token_is_not_exposed(entrance: Entrance) -> None:
    with pytest.raises(DashboardUnprotected, match="asks for no token"):
        exposure(CLUSTER, entrance, asks_for_token=False, is_closed=False)


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
        exposure(CLUSTER, entrance, asks_for_token=True, is_closed=False)


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


@pytest.mark.parametrize(
    ("ingress_class", "told"), [("nginx", FOR_NGINX), ("traefik-internal", FOR_TRAEFIK), ("contour", FOR_CONTOUR)]
)
def test_a_controller_is_told_to_serve_by_tls_alone_and_to_cut_nothing(
    ingress_class: str, told: dict[str, str]
) -> None:
    body = made(Entrance("ray.example.com", tls_secret="t", ingress_class=ingress_class))["Ingress/c-exposed"].body
    assert body["metadata"]["annotations"] == told


@pytest.mark.parametrize("ingress_class", ["", "public"])
def test_a_controller_that_is_not_known_is_told_what_each_would_be(ingress_class: str) -> None:
    body = made(Entrance("ray.example.com", tls_secret="t", ingress_class=ingress_class))["Ingress/c-exposed"].body
    assert body["spec"].get("ingressClassName", "") == ingress_class
    assert body["metadata"]["annotations"] == FOR_NGINX | FOR_TRAEFIK | FOR_CONTOUR


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
