"""What the fake API server can do that a real one can't: fail to order, show the past, play kubelet, remember."""

import asyncio
from typing import Any

import msgspec
import pytest

from shoal.backends.kubernetes.transport import ApiUnreachable, Request, Response
from shoal.crds.definitions import definition
from shoal.testing.clock import run_now
from shoal.testing.fakeapi import DONE_UNHEARD, NEVER_SENT, NOT_DONE, FakeApi, Fault, at
from shoal.testing.fakeapi.patches import MERGE_PATCH

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
CLUSTERS = "/apis/ray.io/v1/namespaces/default/rayclusters"


def send(api: FakeApi, method: str, path: str, body: Any = None, **query: str) -> Response:
    sent = b"" if body is None else msgspec.json.encode(body)
    content = MERGE_PATCH if method == "PATCH" else "application/json"
    return run_now(api.send(Request(method, path, query, sent, content)))


def body_of(response: Response) -> Any:
    return msgspec.json.decode(response.body)


def make_map(api: FakeApi, name: str) -> Response:
    return send(api, "POST", MAPS, {"metadata": {"name": name}})


def make_pod(api: FakeApi, name: str = "a") -> Response:
    return send(api, "POST", PODS, {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}})


def maps(api: FakeApi) -> list[str]:
    items = body_of(send(api, "GET", MAPS))["items"]
    return [item["metadata"]["name"] for item in items if item["metadata"]["name"] != "kube-root-ca.crt"]


def status_of(api: FakeApi, name: str = "a") -> Any:
    return body_of(send(api, "GET", f"{PODS}/{name}"))["status"]


def condition(status: Any, type_: str) -> Any:
    return next(one for one in status["conditions"] if one["type"] == type_)


@pytest.mark.parametrize(
    ("fault", "sent", "done"), [(NEVER_SENT, False, []), (NOT_DONE, True, []), (DONE_UNHEARD, True, ["a"])]
)
def test_a_request_may_get_no_answer(fault: Fault, sent: bool, done: list[str]) -> None:
    api = FakeApi()
    api.faults = at({0: fault})
    with pytest.raises(ApiUnreachable) as unreachable:
        make_map(api, "a")
    assert unreachable.value.sent is sent
    assert maps(api) == done


@pytest.mark.parametrize("applied", [False, True])
def test_a_request_may_fail_with_any_status_done_or_not(applied: bool) -> None:
    api = FakeApi()
    api.faults = at({0: Fault(429, applied=applied, retry_after_s=3)})
    answer = make_map(api, "a")
    assert (answer.status, body_of(answer)["reason"], answer.retry_after_s) == (429, "TooManyRequests", 3)
    assert maps(api) == (["a"] if applied else [])


def test_the_client_may_crash_at_a_request() -> None:
    api = FakeApi()
    api.faults = at({0: Fault(applied=True, crash=KeyboardInterrupt())})
    with pytest.raises(KeyboardInterrupt):
        make_map(api, "a")
    assert maps(api) == ["a"]


def test_requests_are_remembered_as_rbac_speaks_of_them() -> None:
    api = FakeApi()
    make_map(api, "a")
    send(api, "PATCH", f"{CLUSTERS}/c/status", {})
    send(api, "DELETE", MAPS)
    send(api, "GET", "/nowhere")
    seen = [(one.verb, one.resource, one.name, one.status) for one in api.requests]
    assert seen == [
        ("create", "configmaps", "", 201),
        ("patch", "rayclusters.ray.io/status", "c", 404),
        ("deletecollection", "configmaps", "", 200),
        ("get", "/nowhere", "", 404),
    ]
    assert len(api.writes) == 3


def test_what_is_not_allowed_is_refused_and_said_beforehand() -> None:
    api = FakeApi()
    api.server.allowed = lambda asked: asked.verb == "list" and asked.resource in ("configmaps", "pods/log")
    assert send(api, "GET", MAPS).status == 200
    answer = make_map(api, "a")
    assert (answer.status, body_of(answer)["reason"]) == (403, "Forbidden")
    wanted = {"verb": "list", "resource": "pods", "subresource": "log"}
    reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    review = {"spec": {"resourceAttributes": wanted}}
    assert body_of(send(api, "POST", reviews, review))["status"] == {"allowed": True}
    wanted["verb"] = "get"
    assert body_of(send(api, "POST", reviews, review))["status"] == {"allowed": False}


def test_a_pods_log_is_what_the_test_says() -> None:
    api = FakeApi()
    make_pod(api)
    api.server.logs["default", "a"] = "one line"
    assert send(api, "GET", f"{PODS}/a/log", tailLines="1").body == b"one line"
    assert send(api, "GET", f"{PODS}/b/log").status == 404
    assert api.requests[-1].resource == "pods/log"


def test_what_was_made_and_deleted_is_remembered_in_order() -> None:
    api = FakeApi()
    api.compact()
    make_map(api, "a")
    make_pod(api)
    send(api, "DELETE", f"{MAPS}/a")
    assert api.history() == [
        ("ADDED", "configmaps", "default/a"),
        ("ADDED", "pods", "default/a"),
        ("DELETED", "configmaps", "default/a"),
    ]


def test_lists_may_show_the_past_and_catch_up() -> None:
    api = FakeApi()
    make_map(api, "a")
    send(api, "DELETE", f"{MAPS}/a")
    make_map(api, "b")
    seen = []
    for versions in (0, 1, 2, 3):
        api.stale(versions)
        seen.append(maps(api))
    assert seen == [["b"], [], ["a"], []]
    assert send(api, "GET", f"{MAPS}/b").status == 200, "what is read by name is never stale"


def test_the_same_seed_gives_the_same_uids_and_names() -> None:
    def made(seed: int) -> Any:
        api = FakeApi(seed=seed)
        meta = body_of(send(api, "POST", MAPS, {"metadata": {"generateName": "g-"}}))["metadata"]
        return meta["uid"], meta["name"]

    assert made(1) == made(1) != made(2)


def test_times_are_those_of_the_clock() -> None:
    api = FakeApi(lambda: 86400.0)
    assert body_of(make_map(api, "a"))["metadata"]["creationTimestamp"] == "1970-01-02T00:00:00Z"


def test_rays_kinds_are_there_only_with_their_definition() -> None:
    api = FakeApi(crds=False)
    assert send(api, "GET", CLUSTERS).status == 404
    crd = send(api, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition("RayCluster"))
    assert condition(body_of(crd)["status"], "Established")["status"] == "True"
    assert send(api, "GET", CLUSTERS).status == 200


def test_the_kubelet_runs_pods_until_they_are_ready() -> None:
    api = FakeApi()
    make_pod(api)
    api.kubelet.run_pods()
    status = status_of(api)
    assert (status["phase"], condition(status, "Ready")["status"]) == ("Running", "True")
    assert status["podIP"]
    assert api.kubelet.pod("a")["spec"]["nodeName"] == "node1"


VARIABLE = {"env": [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}
VOLUME = {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}


@pytest.mark.parametrize(
    ("container", "spec", "reason"),
    [(VARIABLE, {}, "CreateContainerConfigError"), ({}, VOLUME, "ContainerCreating")],
    ids=["a variable", "a volume"],
)
def test_a_pod_waits_for_the_secret_that_it_reads(container: dict[str, Any], spec: dict[str, Any], reason: str) -> None:
    api = FakeApi()
    body = {"containers": [{"name": "c", "image": "i"} | container], **spec}
    send(api, "POST", PODS, {"metadata": {"name": "a"}, "spec": body})
    api.settle()
    assert status_of(api)["containerStatuses"][0]["state"]["waiting"]["reason"] == reason
    send(api, "POST", PODS.replace("pods", "secrets"), {"metadata": {"name": "s"}})
    api.settle()
    assert condition(status_of(api), "Ready")["status"] == "True"


def test_a_pod_that_is_stuck_stays_so() -> None:
    api = FakeApi()
    make_pod(api, "a")
    make_pod(api, "b")
    api.kubelet.unschedulable(api.kubelet.pod("a"), "0/3 nodes are available")
    api.kubelet.image_pull_error(api.kubelet.pod("b"))
    api.settle()
    assert condition(status_of(api, "a"), "PodScheduled")["message"] == "0/3 nodes are available"
    assert status_of(api, "b")["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff"


def test_a_container_may_crash_and_a_pod_fail() -> None:
    api = FakeApi()
    make_pod(api)
    api.kubelet.run_pods()
    api.kubelet.crash(api.kubelet.pod("a"), 137, "out of memory")
    crashed = status_of(api)["containerStatuses"][0]
    assert (crashed["restartCount"], crashed["state"]["waiting"]["reason"]) == (1, "CrashLoopBackOff")
    assert crashed["lastState"]["terminated"]["exitCode"] == 137
    api.kubelet.fail(api.kubelet.pod("a"), "Evicted", "the node was low on memory")
    assert (status_of(api)["phase"], status_of(api)["reason"]) == ("Failed", "Evicted")


def test_the_kubelet_ends_what_shall_end() -> None:
    api = FakeApi()
    make_pod(api)
    api.kubelet.run_pods()
    send(api, "DELETE", f"{PODS}/a")
    assert body_of(send(api, "GET", f"{PODS}/a"))["metadata"]["deletionGracePeriodSeconds"] == 30
    api.kubelet.end_pods()
    assert send(api, "GET", f"{PODS}/a").status == 404


def test_settling_collects_what_lost_its_owner() -> None:
    api = FakeApi()
    owner = body_of(make_map(api, "owner"))["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["uid"]}
    send(api, "POST", MAPS, {"metadata": {"name": "owned", "ownerReferences": [reference]}})
    api.settle()
    assert maps(api) == ["owned", "owner"]
    send(api, "DELETE", f"{MAPS}/owner")
    api.settle()
    assert maps(api) == []


async def lines_of(api: FakeApi, count: int, **query: str) -> list[Any]:
    """The first events of a watch, fewer if it ends before."""
    found: list[Any] = []
    async with api.stream(Request("GET", MAPS, {"watch": "true", **query})) as (_, lines):
        async for line in lines:
            found.append(msgspec.json.decode(line))
            if len(found) == count:
                break
    return found


def names_of(events: list[Any]) -> list[str]:
    return [f"{event['type']} {event['object']['metadata'].get('name', '')}".strip() for event in events]


def watching(api: FakeApi, count: int, *then: Any) -> list[str]:
    """What a watch from now sees of what is done meanwhile."""

    async def play() -> list[Any]:
        version = str(api.server.state.store.version)
        task = asyncio.create_task(lines_of(api, count, resourceVersion=version, allowWatchBookmarks="true"))
        await asyncio.sleep(0)
        for action in then:
            action()
            await asyncio.sleep(0)
        return await asyncio.wait_for(task, 5)

    return names_of(asyncio.run(play()))


def test_a_stale_watch_is_behind_and_catches_up() -> None:
    api = FakeApi()
    api.stale(2)
    seen = watching(
        api, 2, lambda: make_map(api, "a"), lambda: make_map(api, "b"), lambda: api.stale(0), lambda: make_map(api, "c")
    )
    assert seen == ["ADDED a", "ADDED b"]


def test_watches_end_when_told_and_may_fail() -> None:
    api = FakeApi()
    assert watching(api, 9, lambda: make_map(api, "a"), api.end_watches) == ["ADDED a"]
    assert watching(api, 9, lambda: make_map(api, "b"), api.expire_watches) == ["ADDED b", "ERROR"]


def test_a_deaf_watch_says_nothing_until_it_hears_again() -> None:
    api = FakeApi()

    def hear() -> None:
        api.deaf = False
        make_map(api, "b")

    api.deaf = True
    assert watching(api, 2, lambda: make_map(api, "a"), hear) == ["ADDED a", "ADDED b"]


def test_a_bookmark_says_how_far_a_watch_is() -> None:
    api = FakeApi()
    assert watching(api, 1, api.bookmark) == ["BOOKMARK"]


def test_a_watch_that_is_refused_has_no_lines() -> None:
    api = FakeApi()
    api.faults = at({0: Fault(500)})

    async def play() -> int:
        async with api.stream(Request("GET", MAPS, {"watch": "true"})) as (answer, _):
            return answer.status

    assert asyncio.run(play()) == 500


def test_a_closed_watch_is_forgotten() -> None:
    api = FakeApi()
    watching(api, 1, lambda: make_map(api, "a"))
    assert api.server.watches == ()
