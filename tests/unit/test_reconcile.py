"""What is decided of one RayCluster by what is known of its pods and of its owner."""

from typing import Any

import msgspec
import pytest

from shoal.desired.kubernetes.settings import Settings
from shoal.plan.actions import AdoptNode, ApplyObject
from shoal.reconcile import Outcome, reconcile
from shoal.spec.kubernetes.meta import OwnerReference
from shoal.world.kubernetes import ADOPTED, CLUSTER, GROUP, NODE_TYPE, SEAT, TEMPLATE, Meta, Observed, Pod, Resource
from unit.operator.driven import raycluster

UID = "uid-of-demo"
OURS = {TEMPLATE: "t", SEAT: "0.0"}
BESIDE_ANOTHERS = OURS | {ADOPTED: "true"}
ANOTHERS: dict[str, str] = {}


def owner(kind: str, name: str, uid: str) -> OwnerReference:
    return OwnerReference("ray.io/v1", kind, name, uid, controller=True)


def pod(role: str, notes: dict[str, str], *, cluster: str = UID) -> Pod:
    labels = {CLUSTER: "demo", NODE_TYPE: role, GROUP: "headgroup" if role == "head" else "g"}
    name = f"demo-{role}-{len(notes)}"
    owners = (owner("RayCluster", "demo", cluster),)
    return Pod(Meta(name, "default", f"uid-of-{name}", labels=labels, annotations=notes, owner_references=owners))


def decided(*pods: Pod, owners: tuple[OwnerReference, ...] = (), **spec: Any) -> Outcome:
    body = msgspec.Raw(msgspec.json.encode(raycluster(workers=2, **spec)["spec"]))
    resource = Resource(Meta("demo", "default", UID, "1", owner_references=owners), body)
    return reconcile(Observed(resource, pods), Settings(), "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "pods",
    [
        [("head", ANOTHERS), ("worker", ANOTHERS)],
        [("head", BESIDE_ANOTHERS), ("worker", BESIDE_ANOTHERS)],
        [("worker", ANOTHERS)],
        [("worker", BESIDE_ANOTHERS)],
        [("head", BESIDE_ANOTHERS), ("worker", OURS)],
    ],
)
def test_a_cluster_of_another_operator_stays_open_and_what_is_made_for_it_says_so(
    pods: list[tuple[str, dict[str, str]]],
) -> None:
    desired = decided(*(pod(*one) for one in pods)).desired
    assert desired is not None
    assert (desired.adopted, desired.token) == (True, None)
    assert not any(shared.kind in ("Secret", "NetworkPolicy") for shared in desired.objects)


@pytest.mark.parametrize(
    "pods",
    [
        [],
        [pod("head", OURS), pod("worker", OURS)],
        [pod("worker", OURS)],
        [pod("head", OURS), pod("worker", ANOTHERS)],
        [pod("head", ANOTHERS, cluster="uid-of-an-earlier-demo"), pod("worker", ANOTHERS, cluster="the same")],
        [pod("redis-cleanup", ANOTHERS)],
    ],
    ids=["no pods", "ours", "ours without a head", "a worker that came to ours", "an earlier cluster's", "a job's"],
)
def test_a_cluster_is_closed_where_another_operator_made_none_of_it(pods: list[Pod]) -> None:
    outcome = decided(*pods)
    assert outcome.desired is not None
    assert (outcome.desired.adopted, outcome.desired.token) == (False, ("demo", "auth_token"))
    assert {"Secret/demo", "NetworkPolicy/demo"} <= {shared.key for shared in outcome.desired.objects}


def test_a_worker_that_came_to_a_closed_cluster_is_taken_over_all_the_same() -> None:
    outcome = decided(pod("head", OURS), pod("worker", ANOTHERS))
    assert [action.node for action in outcome.plan.actions if isinstance(action, AdoptNode)] == ["demo-worker-0"]


def test_the_submitter_of_the_rayjob_that_owns_the_cluster_is_let_in() -> None:
    outcome = decided(owners=(owner("RayJob", "nightly", "uid-of-nightly"),), networkPolicy={})
    applied = {action.object.key: action.object for action in outcome.plan.actions if isinstance(action, ApplyObject)}
    labels = {"ray.io/originated-from-crd": "RayJob", "ray.io/originated-from-cr-name": "nightly"}
    rule = {
        "from": [{"podSelector": {"matchLabels": labels}}],
        "ports": [{"port": 8265, "protocol": "TCP"}],
    }
    assert rule in applied["NetworkPolicy/demo-head"].body["spec"]["ingress"]
