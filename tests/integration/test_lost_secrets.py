"""A token that was lost while no operator ran, on a real API server: all pods are made anew, and only then."""

from collections.abc import Iterator
from typing import Any

import pytest

from integration.operators_at_work import RAY, forget, listed, post, ready, running, shoal, uids, until
from kube import Cluster

Json = dict[str, Any]
NAME = "lost"
pytestmark = pytest.mark.kwok


@pytest.fixture
def space(kwok: Cluster) -> Iterator[str]:
    kwok.define_kinds()
    with kwok.new_namespace() as name:
        yield name
        forget(kwok, name, [NAME])


def group(replicas: int) -> Json:
    template = {"spec": {"containers": [{"name": "ray", "image": "rayproject/ray:2.60.0"}]}}
    counts = {"replicas": replicas, "minReplicas": 0, "maxReplicas": 9}
    return {"groupName": "w", "rayStartParams": {}, "template": template, **counts}


def raycluster() -> Json:
    head = {"rayStartParams": {}, "template": group(1)["template"]}
    spec = {"rayVersion": "2.60.0", "headGroupSpec": head, "workerGroupSpecs": [group(2)]}
    return {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": NAME}, "spec": spec}


def token(cluster: Cluster, space: str) -> str:
    (secret,) = listed(cluster, f"api/v1/namespaces/{space}/secrets")
    return str(secret["data"]["auth_token"])


def deleted_events(cluster: Cluster, space: str) -> list[str]:
    events = listed(cluster, f"api/v1/namespaces/{space}/events")
    return [event["message"] for event in events if event["reason"] == "Deleted"]


def test_pods_are_made_anew_when_their_token_was_lost_and_not_when_an_operator_merely_restarts(
    kwok: Cluster, space: str
) -> None:
    operator, path = shoal(kwok, space, "secure"), f"/{RAY}/namespaces/{space}/rayclusters/{NAME}"
    post(kwok, path[1:].removesuffix(f"/{NAME}"), raycluster())
    with running(operator):
        until(lambda: ready(kwok, space) and len(uids(kwok, space, "pods")) == 3)
    before, lost = uids(kwok, space, "pods"), token(kwok, space)
    assert kwok.ask("DELETE", f"/api/v1/namespaces/{space}/secrets/{NAME}")[0] == 200
    assert kwok.ask("DELETE", f"/api/v1/namespaces/{space}/pods/{max(before)}")[0] == 200
    with running(operator):
        until(lambda: len({*uids(kwok, space, "pods").values()} - {*before.values()}) == 3 and ready(kwok, space))
    after = uids(kwok, space, "pods")
    assert (len(after), token(kwok, space) == lost) == (3, False)
    (message,) = deleted_events(kwok, space)
    assert f"Secret/{NAME} was lost and is filled anew" in message
    with running(operator):
        assert (
            kwok.ask("PATCH", path, {"spec": {"workerGroupSpecs": [group(3)]}}, "application/merge-patch+json")[0]
            == 200
        )
        until(lambda: len(uids(kwok, space, "pods")) == 4 and ready(kwok, space))
    assert after.items() <= uids(kwok, space, "pods").items()
