"""What people are told of a RayCluster that an operator elsewhere tends to."""

from typing import Any

import msgspec
import pytest

from shoal.status.conditions import State
from shoal.status.of_kubernetes import status_from
from shoal.world.kubernetes import Meta, Pod, PodCondition, PodStatus, Resource

SUSPENDED = {"state": "suspended", "observedGeneration": 2, "conditions": []}


@pytest.mark.parametrize(
    ("spec", "resumed_by"),
    [
        ({"suspend": True}, "`suspend: false`"),
        ({"idleSuspend": True}, "nobody used it for as long as its spec says; `idleSuspend: false`"),
        ({"suspend": True, "idleSuspend": True}, "`suspend: false`"),
    ],
)
def test_a_suspended_cluster_says_what_resumes_it(spec: dict[str, Any], resumed_by: str) -> None:
    raw = [msgspec.Raw(msgspec.json.encode(part)) for part in (spec, SUSPENDED)]
    status = status_from("c", Resource(Meta("c", generation=2), *raw), (), {})
    assert status.state is State.SUSPENDED
    assert resumed_by in status.message


def pod(name: str, role: str) -> Pod:
    """One that Kubernetes calls ready."""
    labels = {"ray.io/node-type": role, "ray.io/group": "g"}
    return Pod(Meta(name, labels=labels), status=PodStatus("Running", conditions=(PodCondition("Ready", "True"),)))


@pytest.mark.parametrize(
    ("reason", "message", "ready"),
    [
        ("GcsUnreachable", "0/2 nodes ready; c-head: its pod is ready; Ray's GCS at 10.0.0.1 does not answer", []),
        ("RayNotAsked", "0/2 nodes ready; c-head: its pod is ready; Ray's GCS was not asked yet", []),
        ("RayDoesNotSeeIt", "1/2 nodes ready; c-worker: its pod is ready and Ray's GCS does not call it", ["c-head"]),
        ("NodeMissing", "2/3 nodes ready; c-other: it is not there yet", ["c-head", "c-worker"]),
    ],
)
def test_a_node_that_ray_does_not_see_is_not_ready_whatever_its_pod_says(
    reason: str, message: str, ready: list[str]
) -> None:
    said = {"type": "Ready", "status": "False", "reason": reason, "message": message}
    told = msgspec.json.encode({"observedGeneration": 2, "conditions": [said]})
    resource = Resource(Meta("c", generation=2), status=msgspec.Raw(told))
    status = status_from("c", resource, (pod("c-head", "head"), pod("c-worker", "worker")), {})
    assert [node.name for node in status.nodes if node.ready] == ready
    assert status.message == message
