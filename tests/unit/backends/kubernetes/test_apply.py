"""Each action of a plan on an API server: done, done again, refused, and in the way of something else."""

import asyncio
from typing import Any

import msgspec
import pytest

from shoal.backends.kubernetes.client import Client, Ignored
from shoal.backends.kubernetes.errors import ApiError, Fate
from shoal.backends.kubernetes.resources import PODS, RBAC, SERVICEACCOUNTS, SERVICES
from shoal.backends.kubernetes.transport import ApiUnreachable
from shoal.backends.kubernetes.work import NameTaken
from shoal.desired.cluster import DesiredNode, DesiredObject, Role
from shoal.engine.gcs import GcsUnreachable
from shoal.plan.actions import (
    AdoptNode,
    ApplyObject,
    DrainNode,
    RemoveCluster,
    RemoveObject,
    StartNode,
    StopNode,
)
from shoal.testing.fakeapi import DONE_UNHEARD, NOT_DONE, FakeApi, Fault
from shoal.world.kubernetes import (
    ADOPTED,
    CLUSTER,
    DRAIN,
    HOST_INDEX,
    REPLICA,
    REPLICA_INDEX,
    SEAT,
    Pod,
    Shared,
)
from unit.backends.kubernetes.bench import NODE, PLAIN_ACCOUNT, SERVICE, TEMPLATE, WHY, Bench


def test_a_pod_is_made_of_its_template_with_its_name_owner_and_notes() -> None:
    bench = Bench()
    bench.does(StartNode(NODE, WHY))
    (pod,) = bench.stored("pods")
    meta = pod["metadata"]
    assert (meta["name"], meta["namespace"]) == ("demo-head-abcde", "default")
    assert meta["labels"] == TEMPLATE["metadata"]["labels"]
    notes = {"also": "mine", "shoal.dev/seat": "0.0", "shoal.dev/template": "t1", "shoal.dev/edition": "e1"}
    # KubeRay's operator goes by a hash only where the version is its own.
    kuberays = {"ray.io/upgrade-strategy-recreate-hash": "e1", "ray.io/kuberay-version": "shoal"}
    assert meta["annotations"] == notes | kuberays
    (owner,) = meta["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("RayCluster", "demo", True)
    assert owner["uid"] == bench.observed.resource.metadata.uid
    assert [pod.metadata.name for pod in bench.observed.pods] == ["demo-head-abcde"]


def test_the_hosts_of_a_replica_bear_their_places() -> None:
    bench = Bench()
    hosts = tuple(
        DesiredNode(f"w{n}", Role.WORKER, "g", {}, template="t1", unit="g-xyz", seat=f"{n}.0") for n in (2, 3)
    )
    bench.desired = msgspec.structs.replace(bench.desired, nodes=(NODE, *hosts))
    bench.does(*(StartNode(host, WHY) for host in hosts))
    labels = [pod["metadata"]["labels"] for pod in bench.stored("pods")]
    places = [(label[REPLICA], label[REPLICA_INDEX], label[HOST_INDEX]) for label in labels]
    assert places == [("g-xyz", "1", "0"), ("g-xyz", "1", "1")]


def test_a_pod_that_is_there_already_and_ours_is_the_one_that_was_asked_for() -> None:
    bench = Bench()
    bench.api.faults = lambda request, number: DONE_UNHEARD if request.method == "POST" and number < 2 else None
    assert isinstance(bench.error(StartNode(NODE, WHY)), ApiUnreachable)
    assert bench.observed.pods == ()
    bench.does(StartNode(NODE, WHY))
    assert len(bench.stored("pods")) == len(bench.observed.pods) == 1


def test_a_pod_of_someone_else_with_that_name_is_told_to_the_user() -> None:
    bench = Bench()
    other = {"apiVersion": "v1", "kind": "X", "name": "x", "uid": "u", "controller": True}
    body = {**TEMPLATE, "metadata": {"name": NODE.name, "ownerReferences": [other]}}
    asyncio.run(bench.client.create(PODS, "default", body, Pod))
    error = bench.error(StartNode(NODE, WHY))
    assert isinstance(error, NameTaken)
    assert error.fate is Fate.USER
    assert bench.observed.pods == ()


def test_only_the_very_pod_that_was_seen_is_deleted() -> None:
    bench = Bench()
    bench.does(StartNode(NODE, WHY))
    seen = bench.observed.pods[0].metadata.uid
    asyncio.run(bench.client.delete(PODS, "default", NODE.name, grace_s=0))
    asyncio.run(bench.client.create(PODS, "default", {**TEMPLATE, "metadata": {"name": NODE.name}}, Pod))
    assert isinstance(bench.error(StopNode(NODE.name, WHY)), ApiError)
    (pod,) = bench.stored("pods")
    assert pod["metadata"]["uid"] != seen


def test_a_pod_that_is_gone_already_is_stopped() -> None:
    bench = Bench()
    bench.does(StartNode(NODE, WHY))
    asyncio.run(bench.client.delete(PODS, "default", NODE.name, grace_s=0))
    bench.does(StopNode(NODE.name, WHY))
    assert bench.observed.pods == ()


def test_a_pod_whose_deletion_was_agreed_to_is_leaving_at_once_and_not_deleted_again() -> None:
    bench = Bench()
    bench.does(StartNode(NODE, WHY))
    bench.does(StopNode(NODE.name, WHY))
    bench.does(StopNode(NODE.name, WHY))
    assert bench.observed.pods[0].metadata.deletion_timestamp
    assert bench.verbs("pods").count("delete") == 1


def test_what_is_done_side_by_side_is_finished_though_one_fails() -> None:
    bench = Bench()
    nodes = [msgspec.structs.replace(NODE, name=f"n{number}") for number in range(3)]
    bench.api.faults = lambda request, number: Fault(500) if b'"n1"' in request.body else None
    (failed,) = bench.do(*(StartNode(node, WHY) for node in nodes))
    assert isinstance(failed.action, StartNode)
    assert failed.action.node.name == "n1"
    assert [pod.metadata.name for pod in bench.observed.pods] == ["n0", "n2"]


def test_what_a_quota_refuses_of_one_pod_is_not_asked_for_others_of_its_template() -> None:
    bench = Bench()
    small = msgspec.structs.replace(NODE, name="small", template="t2")
    bench.desired = msgspec.structs.replace(
        bench.desired, templates=dict.fromkeys(("t1", "t2"), msgspec.json.encode(TEMPLATE))
    )
    bench.api.faults = lambda request, number: Fault(403) if b'"big' in request.body else None
    big = [msgspec.structs.replace(NODE, name=f"big{number}") for number in range(5)]
    failures = bench.do(*(StartNode(node, WHY) for node in (*big, small)))
    assert len(failures) == len(big)
    assert len({str(failed.error) for failed in failures}) == 1
    assert bench.verbs("pods") == ["create", "create"]
    assert [pod.metadata.name for pod in bench.observed.pods] == ["small"]


def test_the_deadline_of_a_drained_node_is_noted_even_if_ray_can_not_be_told() -> None:
    bench = Bench()
    bench.does(StartNode(NODE, WHY))
    bench.drain_error = GcsUnreachable("no one there")
    action = DrainNode(NODE.name, "ab12", 60, WHY)
    assert bench.error(action) is bench.drain_error
    assert bench.drained == [("ab12", 60)]
    assert bench.observed.pods[0].metadata.annotations[DRAIN] == "ab12 1767225660"
    bench.drain_error = None
    bench.does(action)
    assert bench.observed.pods[0].metadata.annotations[DRAIN] == "ab12 1767225660 told"
    bench.is_idle = True
    bench.does(action)
    assert bench.observed.pods[0].metadata.annotations[DRAIN] == "ab12 1767225600 told"  # it has nothing to finish: now


def test_a_binding_is_made_after_its_role() -> None:
    bench = Bench()
    role, binding = (
        DesiredObject.of(kind, "demo", {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": {}, **rest})
        for kind, rest in (
            ("Role", {"rules": []}),
            ("RoleBinding", {"roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "demo"}}),
        )
    )
    bench.does(ApplyObject(binding, WHY), ApplyObject(role, WHY))
    made = [seen.resource.partition(".")[0] for seen in bench.api.requests if seen.verb == "patch"]
    assert made == ["roles", "rolebindings"]


def test_a_pod_that_is_adopted_gets_notes_and_keeps_the_rest() -> None:
    bench = Bench()
    body = {**TEMPLATE, "metadata": {**TEMPLATE["metadata"], "name": "theirs"}}
    bench.cache.pods("default").wrote(asyncio.run(bench.client.create(PODS, "default", body, Pod)))
    bench.does(AdoptNode("theirs", "3.0", "t9", "e9", WHY))
    annotations = bench.stored("pods")[0]["metadata"]["annotations"]
    assert (annotations["also"], annotations[SEAT]) == ("mine", "3.0")
    assert ADOPTED not in annotations, "its cluster is ours"
    assert bench.observed.pods[0].metadata.annotations[SEAT] == "3.0"


def test_every_pod_of_a_cluster_that_another_operator_made_says_so() -> None:
    bench = Bench()
    body = {**TEMPLATE, "metadata": {**TEMPLATE["metadata"], "name": "theirs"}}
    bench.cache.pods("default").wrote(asyncio.run(bench.client.create(PODS, "default", body, Pod)))
    bench.desired = msgspec.structs.replace(bench.desired, adopted=True)
    bench.does(AdoptNode("theirs", "3.0", "t9", "e9", WHY), StartNode(NODE, WHY))
    notes = {pod["metadata"]["name"]: pod["metadata"]["annotations"].get(ADOPTED) for pod in bench.stored("pods")}
    assert notes == {"theirs": "true", NODE.name: "true"}


def test_a_template_decides_nothing_by_notes_that_only_an_operator_makes() -> None:
    bench = Bench()
    given = {"also": "mine", ADOPTED: "true", DRAIN: "x 0", SEAT: "7.7"}
    template = {**TEMPLATE, "metadata": {**TEMPLATE["metadata"], "annotations": given}}
    bench.desired = msgspec.structs.replace(bench.desired, templates={"t1": msgspec.json.encode(template)})
    bench.does(StartNode(NODE, WHY))
    (pod,) = bench.stored("pods")
    annotations = pod["metadata"]["annotations"]
    assert (annotations["also"], annotations[SEAT]) == ("mine", "0.0")
    assert not {ADOPTED, DRAIN} & annotations.keys()


def service(**spec: Any) -> DesiredObject:
    return DesiredObject.of("Service", SERVICE.name, SERVICE.body | {"spec": spec})


def test_an_object_is_made_and_brought_to_what_is_wanted_later() -> None:
    bench = Bench()
    bench.does(ApplyObject(SERVICE, WHY))
    assert list(bench.observed.shared) == ["Service/demo-head-svc"]
    ports = [{"name": "gcs", "port": 6380}]
    changed = service(**SERVICE.body["spec"] | {"ports": ports})
    bench.does(ApplyObject(changed, WHY))
    (stored,) = bench.stored("services")
    assert stored["spec"]["ports"][0]["port"] == 6380
    assert bench.observed.shared["Service/demo-head-svc"].metadata.annotations["shoal.dev/digest"] == changed.digest


def test_an_object_that_was_made_and_not_heard_of_is_made_once() -> None:
    bench = Bench()
    bench.api.faults = lambda request, number: DONE_UNHEARD if number == 1 else None
    assert isinstance(bench.error(ApplyObject(SERVICE, WHY)), ApiUnreachable)
    bench.does(ApplyObject(SERVICE, WHY))
    assert len(bench.stored("services")) == 1


def test_an_object_of_a_person_is_not_overwritten() -> None:
    bench = Bench()
    theirs = {**SERVICE.body, "spec": {**SERVICE.body["spec"], "selector": {"app": "theirs"}}}
    asyncio.run(Client(bench.api).create(SERVICES, "default", theirs, Pod))
    # Whoever made it calls itself otherwise.
    bench.api.objects("services")[0]["metadata"]["managedFields"][0]["manager"] = "kubectl"
    assert isinstance(bench.error(ApplyObject(SERVICE, WHY)), NameTaken)
    assert bench.stored("services")[0]["spec"]["selector"] == {"app": "theirs"}


def test_an_object_of_a_person_that_says_nothing_else_is_given_back_as_it_was() -> None:
    bench = Bench()
    account = DesiredObject.of("ServiceAccount", "demo", PLAIN_ACCOUNT | {"metadata": {"labels": {CLUSTER: "demo"}}})
    theirs = {**PLAIN_ACCOUNT, "metadata": {"name": "demo", "labels": {"team": "theirs"}}}
    before = asyncio.run(Client(FakeApi()).create(SERVICEACCOUNTS, "default", theirs, Shared)).metadata
    asyncio.run(bench.client.create(SERVICEACCOUNTS, "default", theirs, Ignored))
    made = bench.api.objects("serviceaccounts", "default")[-1]
    made["metadata"]["managedFields"][0]["manager"] = "kubectl"
    made["metadata"]["creationTimestamp"] = "1969-01-01T00:00:00Z"
    for _ in range(2):
        assert isinstance(bench.error(ApplyObject(account, WHY)), NameTaken)
    (after,) = (one["metadata"] for one in bench.stored("serviceaccounts") if one["metadata"]["name"] == "demo")
    assert after["labels"] == before.labels
    assert "ownerReferences" not in after
    assert "annotations" not in after


def test_a_service_that_is_to_get_or_lose_its_address_is_made_anew() -> None:
    bench = Bench()
    bench.does(ApplyObject(SERVICE, WHY))
    spec = {name: value for name, value in SERVICE.body["spec"].items() if name != "clusterIP"}
    open_one = service(**spec, type="NodePort")
    for wanted, address in ((open_one, "10.96.0.3"), (SERVICE, "None")):
        bench.does(ApplyObject(wanted, WHY))
        assert bench.stored("services") == []
        bench.cache.shared("Service", "default").listed((), str(bench.api.server.state.store.version))
        bench.does(ApplyObject(wanted, WHY))
        assert bench.stored("services")[0]["spec"]["clusterIP"] == address


def test_an_object_that_is_on_its_way_out_is_left_alone() -> None:
    bench = Bench()
    bench.does(ApplyObject(SERVICE, WHY))
    bench.does(RemoveObject(SERVICE.key, WHY))
    bench.does(ApplyObject(SERVICE, WHY))
    assert bench.stored("services") == []


def test_an_object_that_outlives_its_cluster_has_no_owner() -> None:
    bench = Bench()
    bench.does(ApplyObject(msgspec.structs.replace(SERVICE, kept=True), WHY))
    assert "ownerReferences" not in bench.stored("services")[0]["metadata"]


def test_an_object_that_is_not_wanted_any_more_is_deleted_once() -> None:
    bench = Bench()
    bench.does(ApplyObject(SERVICE, WHY))
    bench.does(RemoveObject(SERVICE.key, WHY))
    bench.does(RemoveObject(SERVICE.key, WHY))
    assert bench.stored("services") == []
    assert bench.verbs("services").count("delete") == 1


def test_what_never_arrived_is_an_error_that_may_mend_itself() -> None:
    bench = Bench()
    bench.api.faults = lambda request, number: NOT_DONE
    assert isinstance(bench.error(StartNode(NODE, WHY)), ApiUnreachable)


def test_an_action_that_makes_no_sense_on_kubernetes_is_a_defect() -> None:
    with pytest.raises(TypeError, match="RemoveCluster"):
        Bench().do(RemoveCluster("demo", WHY))
