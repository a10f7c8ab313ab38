"""What people do to RayClusters, and what happens to pods: moments, after each of which all comes to rest."""

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from shoal.backends.kubernetes.transport import Request
from shoal.testing.fakeapi import FakeApi

Moment: TypeAlias = Callable[["Outside"], None]
NAME, NAMESPACE = "c", "default"
KUBERAYS = ("c-head-qwert", "c-g-worker-asdfg", "c-g-worker-yxcvb")
"""Pods that KubeRay's operator has made: a head and the two workers of TWO."""
MERGE = "application/merge-patch+json"
PATH = f"/apis/ray.io/v1/namespaces/{NAMESPACE}/rayclusters"
JsonObject: TypeAlias = dict[str, Any]


def template(name: str, image: str = "rayproject/ray:2.60.0") -> JsonObject:
    """A pod template with one container."""
    resources = {"limits": {"cpu": "1", "memory": "1Gi"}}
    return {"spec": {"containers": [{"name": name, "image": image, "resources": resources}]}}


def group(name: str, replicas: int, **fields: Any) -> JsonObject:
    """A worker group."""
    return {
        "groupName": name,
        "replicas": replicas,
        "minReplicas": 0,
        "maxReplicas": 10,
        "rayStartParams": {},
        "template": template("ray-worker"),
        **fields,
    }


def raycluster(*groups: JsonObject, name: str = NAME, **spec: Any) -> JsonObject:
    """A RayCluster."""
    head = {"rayStartParams": {}, "template": template("ray-head")}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"rayVersion": "2.60.0", "headGroupSpec": head, "workerGroupSpecs": list(groups), **spec},
    }


class Outside:
    """Whoever changes things besides the operator."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.ends_operators = False
        """Whether no operator has seen what happens in this moment, and others take their place after it."""

    def ask(
        self, method: str, path: str, body: JsonObject | None = None, content_type: str = "application/json"
    ) -> JsonObject:
        """The answer to one request that nothing disturbs, and that isn't counted."""
        sent = msgspec.json.encode(body) if body is not None else b""
        response = self.api.server.handle(Request(method, path, {}, sent, content_type), self.api.now())
        assert response.status < 300, response
        answer: JsonObject = msgspec.json.decode(response.body)
        return answer

    def create(self, *groups: JsonObject, **spec: Any) -> None:
        """Apply a new RayCluster."""
        self.ask("POST", PATH, raycluster(*groups, **spec))

    def change(self, **spec: Any) -> None:
        """Change fields of its spec."""
        self.ask("PATCH", f"{PATH}/{NAME}", {"spec": spec}, MERGE)

    def note(self, **metadata: Any) -> None:
        """Change its metadata."""
        self.ask("PATCH", f"{PATH}/{NAME}", {"metadata": metadata}, MERGE)

    def end_job(self, condition: str) -> None:
        """The job that tidies up after it ends."""
        status = {"conditions": [{"type": condition, "status": "True"}]}
        path = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/{NAME}-redis-cleanup/status"
        self.ask("PATCH", path, {"status": status}, MERGE)

    def delete(self) -> None:
        """Delete the RayCluster."""
        self.ask("DELETE", f"{PATH}/{NAME}")

    def pods(self, kind: str) -> list[JsonObject]:
        """The pods of a node type or group that are not about to go, by name."""
        return self.api.kubelet.pods(
            lambda pod: (
                kind in (pod["metadata"]["labels"]["ray.io/node-type"], pod["metadata"]["labels"]["ray.io/group"])
            )
        )

    def fail(self, kind: str, index: int = 0) -> None:
        """A pod fails."""
        self.api.kubelet.fail(self.pods(kind)[index])

    def remove(self, kind: str, index: int = 0) -> None:
        """Somebody deletes a pod."""
        pod = self.pods(kind)[index]["metadata"]["name"]
        self.ask("DELETE", f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}")

    def name(self, kind: str, index: int) -> str:
        """The name of a pod."""
        name: str = self.pods(kind)[index]["metadata"]["name"]
        return name

    def condition(self, kind: str) -> JsonObject:
        """What its status says."""
        said: list[JsonObject] = self.ask("GET", f"{PATH}/{NAME}")["status"]["conditions"]
        return next(condition for condition in said if condition["type"] == kind)

    def remove_object(self, plural: str, name: str, api: str = "/api/v1") -> None:
        """Somebody deletes something that pods share."""
        self.ask("DELETE", f"{api}/namespaces/{NAMESPACE}/{plural}/{name}")


def make(*groups: JsonObject, **spec: Any) -> Moment:
    """A RayCluster is applied."""
    return lambda outside: outside.create(*groups, **spec)


def change(**spec: Any) -> Moment:
    """Its spec is changed."""
    return lambda outside: outside.change(**spec)


def note(**metadata: Any) -> Moment:
    """Its metadata is changed."""
    return lambda outside: outside.note(**metadata)


def end_job(condition: str) -> Moment:
    """The job that tidies up after it is ``Complete`` or ``Failed``."""
    return lambda outside: outside.end_job(condition)


def delete(outside: Outside) -> None:
    """The RayCluster is deleted."""
    outside.delete()


def fail(kind: str, index: int = 0) -> Moment:
    """A pod fails."""
    return lambda outside: outside.fail(kind, index)


def remove(kind: str, index: int = 0) -> Moment:
    """A pod is deleted."""
    return lambda outside: outside.remove(kind, index)


def scale_down_naming(index: int, to: int) -> Moment:
    """As Ray's autoscaler does it: fewer replicas, and who goes."""

    def moment(outside: Outside) -> None:
        named = [outside.name("g", index)]
        outside.change(workerGroupSpecs=[group("g", to, scaleStrategy={"workersToDelete": named})])

    return moment


def both(*moments: Moment) -> Moment:
    """At the same time."""

    def moment(outside: Outside) -> None:
        for one in moments:
            one(outside)

    return moment


def allow(powers: str) -> Moment:
    """Whoever may change the namespace allows its clusters more than ordinary pods."""

    def moment(outside: Outside) -> None:
        metadata = {"annotations": {"shoal.dev/allow-powers": powers}}
        outside.ask("PATCH", f"/api/v1/namespaces/{NAMESPACE}", {"metadata": metadata}, MERGE)

    return moment


def idle(policy: str) -> JsonObject:
    """Of a RayCluster that ends when nobody uses it."""
    return {"idleTerminationOptions": {"timeoutSeconds": 600, "policy": policy}}


def lose_service(outside: Outside) -> None:
    """Somebody deletes the head service."""
    outside.remove_object("services", f"{NAME}-head-svc")


def lose_token(outside: Outside) -> None:
    """Somebody deletes the Secret of the token."""
    outside.remove_object("secrets", NAME)


def lose_authority(outside: Outside) -> None:
    """Somebody deletes the Secret of the authority for TLS."""
    (name,) = (
        secret["metadata"]["name"]
        for secret in outside.api.objects("secrets", NAMESPACE)
        if secret["type"] == "kubernetes.io/tls"
    )
    outside.remove_object("secrets", name)


def made_by_kuberay(outside: Outside) -> None:
    """A RayCluster with pods of KubeRay's operator, which know of no token. No picture shows it without them."""
    path = f"/api/v1/namespaces/{NAMESPACE}/pods"
    for name in KUBERAYS:
        role, of = ("head", "headgroup") if "-head-" in name else ("worker", "g")
        labels = {"ray.io/cluster": NAME, "ray.io/node-type": role, "ray.io/group": of}
        outside.ask("POST", path, template(f"ray-{role}") | {"metadata": {"name": name, "labels": labels}})
    made = outside.ask("POST", PATH, raycluster(TWO))
    owner = {"apiVersion": "ray.io/v1", "kind": "RayCluster", "name": NAME, "uid": made["metadata"]["uid"]}
    for name in KUBERAYS:
        metadata = {"ownerReferences": [owner | {"controller": True, "blockOwnerDeletion": True}]}
        outside.ask("PATCH", f"{path}/{name}", {"metadata": metadata}, MERGE)


def remove_kuberays(index: int) -> Moment:
    """One of those is deleted."""
    return lambda outside: outside.remove_object("pods", KUBERAYS[index])


def unseen(*moments: Moment) -> Moment:
    """At the same time, while no operator runs."""

    def moment(outside: Outside) -> None:
        outside.ends_operators = True
        both(*moments)(outside)

    return moment


def lose_policy(outside: Outside) -> None:
    """Somebody deletes the network policy."""
    outside.remove_object("networkpolicies", NAME, "/apis/networking.k8s.io/v1")


NEW_IMAGE = template("ray-worker", "rayproject/ray:2.60.1")
HEAD = {"rayStartParams": {}, "template": template("ray-head")}
TRUSTED: JsonObject = {"rayStartParams": {}, "template": template("ray-head")}
TRUSTED["template"]["spec"]["serviceAccountName"] = "trainer"
UNUSED = note(annotations={"test/unused": "true"})
NEW_HEAD = {"rayStartParams": {}, "template": template("ray-head", "rayproject/ray:2.60.1")}
TWO = group("g", 2)
RECREATE = {"upgradeStrategy": {"type": "Recreate"}}
REDIS = {"gcsFaultToleranceOptions": {"redisAddress": "redis:6379"}}
PATIENT = note(annotations={"ray.io/gcs-ft-deletion-timeout": "1000000"})
ENDED_BY_RAY = note(finalizers=["ray.io/idle-termination-cleanup-finalizer"])
TLS = {"tlsOptions": {"enabled": True}}
ROLLING = {"upgradeStrategy": {"type": "RollingUpdate"}}

SCENARIOS: dict[str, list[Moment]] = {
    "a head alone": [make()],
    "a head and two workers": [make(TWO)],
    "two groups": [make(group("a", 1), group("b", 2))],
    "a group of no replicas": [make(group("g", 0))],
    "a suspended cluster": [make(TWO, suspend=True)],
    "made and deleted": [make(TWO), delete],
    "deleted before it is ready": [both(make(TWO), delete)],
    "scaled up": [make(group("g", 1)), change(workerGroupSpecs=[group("g", 3)])],
    "scaled down": [make(group("g", 3)), change(workerGroupSpecs=[group("g", 1)])],
    "scaled down unseen": [make(group("g", 3)), unseen(change(workerGroupSpecs=[group("g", 1)]))],
    "scaled to nothing": [make(TWO), change(workerGroupSpecs=[group("g", 0)])],
    "scaled down by name": [make(group("g", 3)), scale_down_naming(1, 2)],
    "scaled down by name and up again": [
        make(group("g", 3)),
        scale_down_naming(0, 2),
        change(workerGroupSpecs=[group("g", 3)]),
    ],
    "a group added": [make(TWO), change(workerGroupSpecs=[TWO, group("h", 1)])],
    "a group removed": [make(TWO, group("h", 2)), change(workerGroupSpecs=[TWO])],
    "a group suspended": [make(TWO), change(workerGroupSpecs=[group("g", 2, suspend=True)])],
    "suspended and resumed": [make(TWO), change(suspend=True), change(suspend=False)],
    "resumed by removing the field": [make(TWO), change(suspend=True), change(suspend=None)],
    "suspended twice at once": [make(TWO), both(change(suspend=True), change(suspend=False))],
    "a worker fails": [make(TWO), fail("worker")],
    "both workers fail": [make(TWO), both(fail("worker", 0), fail("worker", 1))],
    "the head fails": [make(TWO), fail("head")],
    "a worker is deleted": [make(TWO), remove("worker")],
    "the head is deleted": [make(TWO), remove("head")],
    "head and worker are deleted": [make(TWO), both(remove("head"), remove("worker"))],
    "a worker fails while it is scaled up": [
        make(TWO),
        both(fail("worker"), change(workerGroupSpecs=[group("g", 3)])),
    ],
    "a worker fails while it is scaled down": [
        make(group("g", 3)),
        both(fail("worker", 1), change(workerGroupSpecs=[group("g", 1)])),
    ],
    "the head service is lost": [make(TWO), lose_service],
    "the network policy is lost": [make(TWO), lose_policy],
    "the token is lost unseen": [make(TWO), unseen(lose_token)],
    "the token is lost unseen, and a worker": [make(TWO), unseen(lose_token, remove("worker"))],
    "the token is lost unseen, and the head fails": [make(TWO), unseen(lose_token, fail("head"))],
    "the authority is lost unseen": [make(TWO, **TLS), unseen(lose_authority)],
    "token and authority are lost unseen": [make(TWO, **TLS, **ROLLING), unseen(lose_token, lose_authority)],
    "the operator restarts": [make(TWO, **TLS), unseen()],
    "changed, and kept": [make(TWO), change(workerGroupSpecs=[group("g", 2, template=NEW_IMAGE)])],
    "changed, and recreated": [
        make(TWO, **RECREATE),
        change(workerGroupSpecs=[group("g", 2, template=NEW_IMAGE)]),
    ],
    "changed head, and recreated": [make(TWO, **RECREATE), change(headGroupSpec=NEW_HEAD)],
    "changed, and rolled": [make(TWO, **ROLLING), change(workerGroupSpecs=[group("g", 2, template=NEW_IMAGE)])],
    "multi-host": [make(group("tpu", 2, numOfHosts=2))],
    "a host of a replica fails": [make(group("tpu", 2, numOfHosts=2)), fail("worker", 1)],
    "multi-host, and of more hosts later": [
        make(group("tpu", 2, numOfHosts=2)),
        change(workerGroupSpecs=[group("tpu", 2, numOfHosts=3)]),
    ],
    "multi-host scaled down": [
        make(group("tpu", 2, numOfHosts=2)),
        change(workerGroupSpecs=[group("tpu", 1, numOfHosts=2)]),
    ],
    "Ray's own autoscaler": [make(TWO, enableInTreeAutoscaling=True)],
    "TLS between the nodes": [make(TWO, **TLS)],
    "TLS switched on, and recreated": [make(TWO, **RECREATE), change(**TLS)],
    "the head service gets an address": [
        make(TWO),
        change(headGroupSpec={**HEAD, "serviceType": "NodePort"}),
    ],
    "the head service loses its address": [
        make(TWO, headGroupSpec={**HEAD, "serviceType": "NodePort"}),
        change(headGroupSpec={**HEAD, "serviceType": None}),
    ],
    "a power that the namespace has not allowed": [make(TWO, headGroupSpec=TRUSTED)],
    "a power that the namespace allows later": [make(TWO, headGroupSpec=TRUSTED), allow("service-account=trainer")],
    "idle, and suspended": [make(TWO, **idle("Suspend")), UNUSED],
    "idle, and deleted": [make(TWO, **idle("Delete")), UNUSED],
    "Redis is emptied": [both(make(TWO, **REDIS), PATIENT), delete, end_job("Complete")],
    "Redis can't be emptied": [both(make(TWO, **REDIS), PATIENT), delete, end_job("Failed")],
    "Redis is gone": [make(TWO, **REDIS), delete],
    "deleted by Ray for being idle": [make(TWO), both(ENDED_BY_RAY, delete)],
    "tokens switched off": [make(TWO, authOptions={"mode": "disabled"})],
    "tokens switched on later, and the head fails": [
        make(TWO, authOptions={"mode": "disabled"}),
        change(authOptions={"mode": "token"}),
        fail("head"),
    ],
    "tokens and TLS switched off later": [
        make(TWO, **RECREATE, **TLS),
        change(authOptions={"mode": "disabled"}, tlsOptions=None),
    ],
    "an Ingress comes and goes": [
        make(TWO, headGroupSpec={**NEW_HEAD, "enableIngress": True}),
        change(headGroupSpec={**NEW_HEAD, "enableIngress": False}),
    ],
    "a spec that makes no sense is mended": [
        make(TWO, autoscalerOptions={"idleTimeoutSeconds": -1}),
        change(autoscalerOptions=None),
    ],
    "KubeRay's head is deleted": [made_by_kuberay, remove_kuberays(0)],
    "KubeRay's pods fail": [made_by_kuberay, both(fail("head"), fail("worker"))],
    "KubeRay's cluster is made again at once": [made_by_kuberay, both(delete, make(TWO))],
    "made again after deletion": [make(TWO), delete, make(TWO)],
    "made again at once": [make(TWO), both(delete, make(TWO))],
}

FLEETING = (
    "deleted before it is ready",
    "suspended twice at once",
    "a worker fails while it is scaled down",
    "a worker fails while it is scaled up",
)
"""Scenarios with a moment that only an old picture shows."""
