"""Each action of a plan on an API server: done, done again, refused, and in the way of something else."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shoal.backends.kubernetes.apply import Applier, Failed
from shoal.backends.kubernetes.cache import WATCHED, Cache
from shoal.backends.kubernetes.client import Client, Ignored
from shoal.backends.kubernetes.errors import ApiError, Fate
from shoal.backends.kubernetes.resources import PODS, RAYCLUSTERS, RBAC, SECRETS, SERVICEACCOUNTS, SERVICES
from shoal.backends.kubernetes.store import Key
from shoal.backends.kubernetes.transport import ApiUnreachable
from shoal.backends.kubernetes.work import NameTaken
from shoal.desired.cluster import DesiredCluster, DesiredNode, DesiredObject, Role
from shoal.engine.gcs import GcsUnreachable
from shoal.operator.keys import Keys
from shoal.plan.actions import (
    Action,
    AdoptNode,
    ApplyObject,
    DrainNode,
    Reason,
    RemoveCluster,
    RemoveObject,
    StartNode,
    StopNode,
)
from shoal.testing.fakeapi import DONE_UNHEARD, NOT_DONE, FakeApi, Fault
from shoal.world.kubernetes import (
    CLUSTER,
    DRAIN,
    HOST_INDEX,
    REPLICA,
    REPLICA_INDEX,
    SEAT,
    Observed,
    Pod,
    Resource,
    Shared,
)

WHY = Reason("Test", "because")
TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {CLUSTER: "demo", "mine": "yes"}, "annotations": {"also": "mine"}},
    "spec": {"containers": [{"name": "ray", "image": "ray"}]},
}
NODE = DesiredNode("demo-head-abcde", Role.HEAD, "headgroup", {}, template="t1", edition="e1", seat="0.0")
SERVICE = DesiredObject(
    "Service",
    "demo-head-svc",
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "demo-head-svc", "labels": {CLUSTER: "demo"}},
        "spec": {"clusterIP": "None", "selector": {CLUSTER: "demo"}, "ports": [{"name": "gcs", "port": 6379}]},
    },
)
SECRET = DesiredObject(
    "Secret",
    "demo",
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "demo", "labels": {CLUSTER: "demo"}}, "type": "Opaque"},
    generated=("auth_token",),
)
CLUSTER_BODY: dict[str, Any] = {
    "apiVersion": "ray.io/v1",
    "kind": "RayCluster",
    "metadata": {"name": "demo", "namespace": "default"},
    "spec": {"headGroupSpec": {"rayStartParams": {}, "template": TEMPLATE}},
}


AUTHORITY = DesiredObject(
    "Secret",
    "demo-ca",
    SECRET.body | {"metadata": {"name": "demo-ca", "labels": {CLUSTER: "demo"}}, "type": "kubernetes.io/tls"},
    generated=("tls.crt", "tls.key"),
)


PLAIN_ACCOUNT: dict[str, Any] = {"apiVersion": "v1", "kind": "ServiceAccount"}


@asynccontextmanager
async def at_once(key: Key) -> AsyncIterator[None]:
    yield


class Bench:
    """A RayCluster on a fake API server, and an applier that sees nothing but what it wrote itself."""

    def __init__(self) -> None:
        self.api = FakeApi()
        self.client = Client(self.api, jitter=lambda: 0.0)
        self.cache = Cache(lambda key, soon: None)
        self.drained: list[tuple[str, int]] = []
        self.drain_error: GcsUnreachable | None = None
        self.is_idle = False
        now = lambda: datetime(2026, 1, 1, tzinfo=UTC)  # noqa: E731
        self.applier = Applier(self.client, self.cache, at_once, self._drain, now, Keys(self.client, now))
        created = asyncio.run(self.client.create(RAYCLUSTERS, "default", CLUSTER_BODY, Resource))
        self.cache.resources("default").wrote(created)
        self.desired = DesiredCluster("demo", "", (NODE,), templates={"t1": msgspec.json.encode(TEMPLATE)})

    async def _drain(self, observed: Observed, desired: DesiredCluster, ray_id: str, deadline_s: int) -> bool:
        self.drained.append((ray_id, deadline_s))
        if self.drain_error:
            raise self.drain_error
        return self.is_idle

    @property
    def observed(self) -> Observed:
        seen = self.cache.store.observed(("default", "demo"))
        assert seen is not None
        return seen

    def do(self, *actions: Action) -> tuple[Failed, ...]:
        return asyncio.run(self.applier.apply(self.observed, self.desired, actions))

    def does(self, *actions: Action) -> None:
        failures = self.do(*actions)
        assert failures == (), [str(failed.error) for failed in failures]

    def error(self, action: Action) -> Exception:
        (failed,) = self.do(action)
        assert failed.action == action
        return failed.error

    def stored(self, resource: str) -> list[dict[str, Any]]:
        return [msgspec.to_builtins(item) for item in self.api.objects(resource, "default")]

    def verbs(self, resource: str) -> list[str]:
        return [seen.verb for seen in self.api.requests if seen.resource == resource]


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


def test_the_deadline_of_a_drained_node_is_noted_even_if_ray_can_not_be_told() -> None:
    bench = Bench()
    bench.does(StartNode(NODE, WHY))
    bench.drain_error = GcsUnreachable("no one there")
    action = DrainNode(NODE.name, "ab12", 60, WHY)
    assert bench.error(action) is bench.drain_error
    assert bench.drained == [("ab12", 60)]
    assert bench.observed.pods[0].metadata.annotations[DRAIN] == "ab12 1767225660"
    bench.drain_error, bench.is_idle = None, True
    bench.does(action)
    assert bench.observed.pods[0].metadata.annotations[DRAIN] == "ab12 1767225600"  # it has nothing to finish: now


def test_a_binding_is_made_after_its_role() -> None:
    bench = Bench()
    role, binding = (
        DesiredObject(kind, "demo", {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": {}, **rest})
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
    annotations = bench.observed.pods[0].metadata.annotations
    assert (annotations["also"], annotations[SEAT]) == ("mine", "3.0")


def test_an_object_is_made_and_brought_to_what_is_wanted_later() -> None:
    bench = Bench()
    bench.does(ApplyObject(SERVICE, WHY))
    assert list(bench.observed.shared) == ["Service/demo-head-svc"]
    ports = [{"name": "gcs", "port": 6380}]
    changed = msgspec.structs.replace(SERVICE, body={**SERVICE.body, "spec": {**SERVICE.body["spec"], "ports": ports}})
    bench.does(ApplyObject(changed, WHY))
    (service,) = bench.stored("services")
    assert service["spec"]["ports"][0]["port"] == 6380
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
    account = DesiredObject("ServiceAccount", "demo", PLAIN_ACCOUNT | {"metadata": {"labels": {CLUSTER: "demo"}}})
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
    open_one = msgspec.structs.replace(
        SERVICE, body={**SERVICE.body, "spec": {**SERVICE.body["spec"], "type": "NodePort", "clusterIP": ""}}
    )
    del open_one.body["spec"]["clusterIP"]
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


def test_a_token_is_made_once_and_never_changed() -> None:
    bench = Bench()
    bench.does(ApplyObject(SECRET, WHY))
    (first,) = bench.stored("secrets")
    bench.cache.forget_unwatched(("default", "demo"))
    bench.does(ApplyObject(SECRET, WHY))
    (second,) = bench.stored("secrets")
    assert first["data"] == second["data"]
    assert len(first["data"]["auth_token"]) > 40
    assert "Secret/demo" in bench.observed.shared
    assert set(bench.verbs("secrets")) == {"create", "get"}


@pytest.mark.parametrize("secret", [SECRET, AUTHORITY], ids=["a token", "an authority"])
def test_a_secret_that_was_deleted_is_made_again_as_it_was(secret: DesiredObject) -> None:
    bench = Bench()
    bench.does(ApplyObject(secret, WHY))
    (first,) = bench.stored("secrets")
    asyncio.run(bench.client.delete(SECRETS, "default", secret.name))
    bench.does(ApplyObject(secret, WHY))
    (second,) = bench.stored("secrets")
    assert first["data"] == second["data"]
    assert bench.observed.shared[secret.key].metadata.uid == second["metadata"]["uid"]


def test_an_authority_for_tls_is_made_once_and_its_key_is_told_to_nobody_else() -> None:
    bench = Bench()
    bench.does(ApplyObject(AUTHORITY, WHY), ApplyObject(AUTHORITY, WHY))
    (secret,) = bench.stored("secrets")
    certificate, key = (base64.b64decode(secret["data"][name]) for name in AUTHORITY.generated)
    assert certificate.startswith(b"-----BEGIN CERTIFICATE")
    assert key.startswith(b"-----BEGIN PRIVATE KEY")
    assert secret["type"] == "kubernetes.io/tls"
    assert secret["metadata"]["ownerReferences"][0]["name"] == "demo"
    assert set(bench.verbs("secrets")) == {"create", "get"}


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


def test_nothing_watches_secrets() -> None:
    assert SECRETS.kind not in WATCHED
