"""Paths."""

import pytest

from shoal.backends.kubernetes.resources import BY_KIND, CRDS, INGRESSES, PODS, RAYCLUSTERS, resource_of


def test_paths_are_those_of_the_api() -> None:
    assert PODS.collection() == "/api/v1/pods"
    assert PODS.collection("ns") == "/api/v1/namespaces/ns/pods"
    assert RAYCLUSTERS.path("ns", "demo", "status") == "/apis/ray.io/v1/namespaces/ns/rayclusters/demo/status"
    assert CRDS.path("", "rayclusters.ray.io") == (
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/rayclusters.ray.io"
    )


def test_what_is_in_no_namespace_is_found_whatever_namespace_is_named() -> None:
    assert CRDS.path("ns", "a") == CRDS.path("", "a")


@pytest.mark.parametrize("name", ["../../secrets/s", "a/b", "a?watch=true"])
def test_a_name_can_not_lead_to_another_path(name: str) -> None:
    path = PODS.path("ns", name)
    assert path.startswith("/api/v1/namespaces/ns/pods/")
    assert path.count("/") == 6
    assert "?" not in path


@pytest.mark.parametrize(("namespace", "name"), [("ns", ""), ("ns", ".."), ("", "a")])
def test_no_path_is_made_of_what_names_no_object(namespace: str, name: str) -> None:
    with pytest.raises(ValueError, match="Pod"):
        PODS.path(namespace, name)


def test_a_manifest_tells_its_resource() -> None:
    assert resource_of({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}) is INGRESSES
    assert resource_of({"apiVersion": "v1", "kind": "Pod"}) is PODS
    assert all(kind == resource.kind for (_, kind), resource in BY_KIND.items())
