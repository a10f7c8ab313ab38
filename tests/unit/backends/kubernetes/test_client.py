"""The verbs, against a transport that answers as it is told to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from shoal.backends.kubernetes.client import ATTEMPTS, Bookmark, Client, Event, Ignored
from shoal.backends.kubernetes.errors import (
    AlreadyExists,
    AnswerGarbled,
    ApiError,
    BadRequest,
    Conflict,
    Fate,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    ServerFault,
    ServerUntrusted,
    TooManyRequests,
    Unauthorized,
)
from shoal.backends.kubernetes.resources import NODES, PODS, RAYCLUSTERS
from shoal.backends.kubernetes.transport import ApiUnreachable, Request, Response
from shoal.world.kubernetes import Pod

Answer = Response | Exception
POD = b'{"kind":"Pod","metadata":{"name":"a","namespace":"ns","resourceVersion":"7"},"status":{"phase":"Running"}}'


class Scripted:
    """Answers requests in the order of ``answers``, and keeps the requests."""

    def __init__(self, *answers: Answer, lines: tuple[bytes, ...] = ()) -> None:
        self.answers = list(answers)
        self.lines = lines
        self.requests: list[Request] = []
        self.waits: list[float] = []
        self.open_streams = 0

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[tuple[Response, AsyncIterator[bytes]]]:
        self.open_streams += 1
        try:
            yield await self.send(request), self._lines()
        finally:
            self.open_streams -= 1

    async def _lines(self) -> AsyncIterator[bytes]:
        for line in self.lines:
            yield line

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    def client(self) -> Client:
        return Client(self, sleep=self.wait, jitter=lambda: 0.0)


def status_of(code: int, reason: str, message: str = "no", retry_after_s: float = 0, **details: Any) -> Response:
    """What the API server sends when it refuses."""
    body = {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details or None}
    return Response(code, msgspec.json.encode(body), retry_after_s)


def page(*names: str, go_on: str = "", version: str = "9") -> Response:
    """One page of a list."""
    items = [{"metadata": {"name": name}} for name in names]
    return Response(
        200, msgspec.json.encode({"metadata": {"resourceVersion": version, "continue": go_on}, "items": items})
    )


def get(transport: Scripted) -> Pod:
    return asyncio.run(transport.client().get(PODS, "ns", "a", Pod))


def create(transport: Scripted) -> None:
    asyncio.run(transport.client().create(PODS, "ns", {"kind": "Pod"}, Ignored))


def test_an_answer_is_decoded_into_the_type_that_was_asked_for() -> None:
    transport = Scripted(Response(200, POD))
    assert get(transport).status.phase == "Running"
    assert transport.requests == [Request("GET", "/api/v1/namespaces/ns/pods/a")]


Verb = Callable[[Client], Coroutine[Any, Any, Any]]
VERBS: tuple[tuple[Verb, Request], ...] = (
    (
        lambda c: c.create(RAYCLUSTERS, "ns", {"kind": "RayCluster"}, Ignored),
        Request(
            "POST", "/apis/ray.io/v1/namespaces/ns/rayclusters", {"fieldManager": "shoal"}, b'{"kind":"RayCluster"}'
        ),
    ),
    (
        lambda c: c.apply(PODS, "ns", "a", {}, Ignored, force=False),
        Request(
            "PATCH",
            "/api/v1/namespaces/ns/pods/a",
            {"fieldManager": "shoal", "force": "false"},
            b"{}",
            "application/apply-patch+yaml",
        ),
    ),
    (
        lambda c: c.replace(RAYCLUSTERS, "ns", "a", {}, Ignored, subresource="status"),
        Request("PUT", "/apis/ray.io/v1/namespaces/ns/rayclusters/a/status", {"fieldManager": "shoal"}, b"{}"),
    ),
    (
        lambda c: c.merge(PODS, "ns", "a", {"metadata": {"finalizers": None}}, Ignored),
        Request(
            "PATCH",
            "/api/v1/namespaces/ns/pods/a",
            {"fieldManager": "shoal"},
            b'{"metadata":{"finalizers":null}}',
            "application/merge-patch+json",
        ),
    ),
    (
        lambda c: c.delete(PODS, "ns", "a", uid="u-1", grace_s=0),
        Request(
            "DELETE",
            "/api/v1/namespaces/ns/pods/a",
            {},
            b'{"propagationPolicy":"Background","preconditions":{"uid":"u-1"},"gracePeriodSeconds":0}',
        ),
    ),
    (lambda c: c.get(NODES, "", "n", Ignored), Request("GET", "/api/v1/nodes/n")),
    (lambda c: c.read("/version", dict), Request("GET", "/version")),
)


@pytest.mark.parametrize(("verb", "request_"), VERBS, ids=[f"{r.method} {r.path}" for _, r in VERBS])
def test_a_verb_is_one_request(verb: Verb, request_: Request) -> None:
    transport = Scripted(Response(200, b"{}"))
    asyncio.run(verb(transport.client()))
    assert transport.requests == [request_]


REFUSALS: tuple[tuple[int, str, type[ApiError], Fate], ...] = (
    (400, "BadRequest", BadRequest, Fate.USER),
    (401, "Unauthorized", Unauthorized, Fate.USER),
    (403, "Forbidden", Forbidden, Fate.USER),
    (404, "NotFound", NotFound, Fate.RETRY),
    (405, "MethodNotAllowed", ApiError, Fate.TERMINAL),
    (409, "Conflict", Conflict, Fate.RETRY),
    (409, "AlreadyExists", AlreadyExists, Fate.RETRY),
    (410, "Expired", Gone, Fate.RETRY),
    (413, "RequestEntityTooLarge", ApiError, Fate.TERMINAL),
    (422, "Invalid", Invalid, Fate.USER),
    (429, "TooManyRequests", TooManyRequests, Fate.RETRY),
    (500, "InternalError", ServerFault, Fate.RETRY),
    (504, "Timeout", ServerFault, Fate.RETRY),
)


@pytest.mark.parametrize(("code", "reason", "kind", "fate"), REFUSALS)
def test_a_refusal_has_a_type_and_a_fate(code: int, reason: str, kind: type[ApiError], fate: Fate) -> None:
    with pytest.raises(ApiError) as caught:
        create(Scripted(status_of(code, reason, "the words of the server")))
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.reason, caught.value.fate) == (code, reason, fate)
    assert str(caught.value) == "POST /api/v1/namespaces/ns/pods: the words of the server"


def test_an_invalid_manifest_names_its_fields() -> None:
    causes = [{"reason": "FieldValueInvalid", "message": "too long", "field": "metadata.name"}]
    with pytest.raises(Invalid) as caught:
        create(Scripted(status_of(422, "Invalid", causes=causes)))
    assert [cause.field for cause in caught.value.causes] == ["metadata.name"]


def test_what_a_proxy_says_is_shown_too() -> None:
    with pytest.raises(ServerFault, match="502 Bad Gateway"):
        create(Scripted(Response(502, b"<html>502 Bad Gateway</html>")))


def test_an_empty_refusal_names_its_status() -> None:
    with pytest.raises(ServerFault, match="answered 500"):
        create(Scripted(Response(500, b"")))


def test_something_that_is_not_kubernetes_is_told_apart() -> None:
    for body in (b"<html>log in</html>", b"[]", b'{"metadata":{"name":7}}'):
        with pytest.raises(AnswerGarbled, match="GET /api/v1/namespaces/ns/pods/a"):
            get(Scripted(Response(200, body)))


@pytest.mark.parametrize("code", [429, 503])
def test_a_server_that_asks_to_wait_is_waited_for(code: int) -> None:
    transport = Scripted(status_of(code, "TooManyRequests", retry_after_s=2), Response(201, b"{}"))
    create(transport)
    assert transport.waits == [2]


def test_a_server_that_asks_to_wait_for_ever_is_given_up() -> None:
    transport = Scripted(*[status_of(429, "TooManyRequests", retry_after_s=3600)] * ATTEMPTS)
    with pytest.raises(TooManyRequests):
        create(transport)
    assert transport.waits == [30] * (ATTEMPTS - 1)


@pytest.mark.parametrize("answer", [status_of(500, "InternalError"), status_of(503, ""), ApiUnreachable("gone")])
def test_a_write_that_may_have_been_done_is_not_sent_again(answer: Answer) -> None:
    transport = Scripted(answer)
    with pytest.raises((ServerFault, ApiUnreachable)):
        create(transport)
    assert len(transport.requests) == 1


def test_a_read_is_tried_again_later_and_later() -> None:
    transport = Scripted(ApiUnreachable("gone"), status_of(500, "InternalError"), Response(200, POD))
    assert get(transport).metadata.name == "a"
    assert transport.waits == [0.05, 0.1]


@pytest.mark.parametrize("answer", [status_of(404, "NotFound"), ServerUntrusted("another certificate")])
def test_a_read_that_would_fail_again_is_not_tried_again(answer: Answer) -> None:
    transport = Scripted(answer)
    with pytest.raises((NotFound, ServerUntrusted)):
        get(transport)
    assert transport.waits == []


def test_a_list_is_read_page_by_page() -> None:
    transport = Scripted(page("a", "b", go_on="next"), page("c"))
    listed = asyncio.run(transport.client().list(PODS, Pod, namespace="ns", labels="ray.io/cluster", fields="x=y"))
    assert ([pod.metadata.name for pod in listed.items], listed.version) == (["a", "b", "c"], "9")
    first = {"labelSelector": "ray.io/cluster", "fieldSelector": "x=y", "limit": "200"}
    assert [request.query for request in transport.requests] == [first, {**first, "continue": "next"}]


def test_a_list_that_the_server_forgot_midway_is_asked_for_whole() -> None:
    transport = Scripted(page("a", go_on="next"), status_of(410, "Expired"), page("a", "b"))
    listed = asyncio.run(transport.client().list(PODS, Pod))
    assert len(listed.items) == 2
    assert transport.requests[-1].query == {}


def test_a_list_without_items_is_empty() -> None:
    transport = Scripted(Response(200, b'{"metadata":{"resourceVersion":"3"},"items":null}'))
    assert asyncio.run(transport.client().list(PODS, Pod)).items == []


def event(type_: str, **object_: Any) -> bytes:
    return msgspec.json.encode({"type": type_, "object": object_})


BOOKMARK = event("BOOKMARK", kind="Pod", metadata={"resourceVersion": "12", "creationTimestamp": None}, spec=None)


async def watched(transport: Scripted, **options: Any) -> list[Event[Pod] | Bookmark]:
    return [entry async for entry in transport.client().watch(PODS, Pod, "7", **options)]


def test_a_watch_tells_what_happens_and_how_far_it_is() -> None:
    lines = (event("ADDED", metadata={"name": "a"}), BOOKMARK, event("DELETED", metadata={"name": "a"}))
    transport = Scripted(Response(200, b""), lines=lines)
    added, bookmark, deleted = asyncio.run(watched(transport, namespace="ns", timeout_s=300))
    assert isinstance(added, Event)
    assert isinstance(deleted, Event)
    assert (added.type, deleted.type, deleted.object.metadata.name) == ("ADDED", "DELETED", "a")
    assert bookmark == Bookmark("12")
    query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": "7", "timeoutSeconds": "300"}
    assert transport.requests == [Request("GET", "/api/v1/namespaces/ns/pods", query)]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_watch_from_a_version_that_is_too_old_is_gone(at_once: bool) -> None:
    answer = status_of(410, "Expired") if at_once else Response(200, b"")
    transport = Scripted(answer, lines=(event("ERROR", kind="Status", code=410, reason="Expired", message="old"),))
    with pytest.raises(Gone):
        asyncio.run(watched(transport))
    assert transport.open_streams == 0


@pytest.mark.parametrize(
    "line", [b"{", b'{"type":"ADDED","object":{"metadata":{}}}', b'{"type":"BOOKMARK"}', b"<html>"]
)
def test_a_line_that_is_no_event_is_garbled(line: bytes) -> None:
    with pytest.raises(AnswerGarbled):
        asyncio.run(watched(Scripted(Response(200, b""), lines=(line,))))


def test_a_watch_that_is_left_early_is_closed() -> None:
    transport = Scripted(Response(200, b""), lines=(BOOKMARK, BOOKMARK))

    async def leave() -> None:
        events = transport.client().watch(PODS, Pod, "7")
        await anext(events)
        await events.aclose()

    asyncio.run(leave())
    assert transport.open_streams == 0
