"""What takes more than one request and answer: watches, and the end of a namespace. Played on any API server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from integration.fake_batch import ask
from integration.fake_play import Obj
from shoal.backends.kubernetes.transport import Request, Transport
from shoal.testing.fakeapi.patches import MERGE_PATCH

MOST_EVENTS = 20
PATIENCE_S = 60.0


class Place(msgspec.Struct, frozen=True):
    """Where a scenario plays. act: lets the controllers do what they have to."""

    transport: Transport
    namespace: str
    act: Callable[[], Awaitable[None]]

    @property
    def maps(self) -> str:
        """The ConfigMaps."""
        return f"/api/v1/namespaces/{self.namespace}/configmaps"

    async def make(self, name: str, **meta: Any) -> Obj:
        """Create a ConfigMap."""
        return await ask(self.transport, "POST", self.maps, {"metadata": {"name": name, **meta}})

    async def merge(self, name: str, patch: Obj) -> Obj:
        """Change a ConfigMap."""
        return await ask(self.transport, "PATCH", f"{self.maps}/{name}", patch, MERGE_PATCH)

    async def drop(self, name: str) -> Obj:
        """Delete a ConfigMap."""
        return await ask(self.transport, "DELETE", f"{self.maps}/{name}")

    @asynccontextmanager
    async def watch(self, path: str = "", **query: str) -> AsyncIterator[AsyncIterator[tuple[str, Obj]]]:
        """An open watch of the ConfigMaps: (type, object) of its events."""
        request = Request("GET", path or self.maps, {"watch": "true", **query})
        async with asyncio.timeout(PATIENCE_S), self.transport.stream(request) as (answer, lines):
            assert answer.status == 200, answer.body
            yield _events(lines)


async def _events(lines: AsyncIterator[bytes]) -> AsyncIterator[tuple[str, Obj]]:
    async for line in lines:
        event = msgspec.json.decode(line)
        yield event["type"], event["object"]


async def until(events: AsyncIterator[tuple[str, Obj]], type_: str, name: str) -> list[str]:
    """ "TYPE NAME" of the events up to the one that is looked for."""
    seen: list[str] = []
    async for found, item in events:
        seen.append(f"{found} {item['metadata'].get('name', '')}".strip())
        if seen[-1] == f"{type_} {name}".strip():
            return seen
        assert len(seen) < MOST_EVENTS, seen
    raise AssertionError(f"the watch ended after {seen}")


async def a_watch_without_a_version_shows_first_what_is_there(place: Place) -> None:
    await place.make("a")
    async with place.watch() as events:
        assert "ADDED a" in await until(events, "ADDED", "kube-root-ca.crt")
        await place.make("b")
        assert await until(events, "ADDED", "b") == ["ADDED b"]


async def a_watch_from_a_version_shows_what_came_after_it_in_order(place: Place) -> None:
    made = await place.make("a")
    await place.merge("a", {"data": {"k": "v"}})
    await place.drop("a")
    await place.make("b")
    async with place.watch(resourceVersion=made["metadata"]["resourceVersion"]) as events:
        assert await until(events, "ADDED", "b") == ["MODIFIED a", "DELETED a", "ADDED b"]


async def a_deleted_object_is_shown_with_the_version_of_its_deletion(place: Place) -> None:
    made = await place.make("a")
    await place.drop("a")
    after = await place.make("b")
    async with place.watch(resourceVersion=made["metadata"]["resourceVersion"]) as events:
        async for type_, item in events:
            version = int(item["metadata"]["resourceVersion"])
            assert (type_, item["metadata"]["name"]) == ("DELETED", "a")
            assert int(made["metadata"]["resourceVersion"]) < version < int(after["metadata"]["resourceVersion"])
            break


async def objects_enter_and_leave_the_sight_of_a_selective_watch(place: Place) -> None:
    made = await place.make("a")
    start = made["metadata"]["resourceVersion"]
    await place.merge("a", {"metadata": {"labels": {"x": "1"}}})
    await place.merge("a", {"data": {"k": "v"}})
    await place.merge("a", {"metadata": {"labels": {"x": "2"}}})
    await place.merge("a", {"data": {"k": "w"}})
    await place.make("b", labels={"x": "1"})
    async with place.watch(resourceVersion=start, labelSelector="x=1") as events:
        assert await until(events, "ADDED", "b") == ["ADDED a", "MODIFIED a", "DELETED a", "ADDED b"]


async def a_watch_list_says_when_it_has_shown_all(place: Place) -> None:
    await place.make("a")
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    async with place.watch(**query) as events:
        seen: list[str] = []
        async for type_, item in events:
            if type_ == "BOOKMARK":
                assert item["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
                assert item["metadata"]["resourceVersion"]
                break
            seen.append(f"{type_} {item['metadata']['name']}")
        assert sorted(seen) == ["ADDED a", "ADDED kube-root-ca.crt"]


async def a_watch_from_a_forgotten_version_fails_with_expired(place: Place) -> None:
    async with place.watch(resourceVersion="1") as events:
        found = [(type_, item) async for type_, item in events]
    assert [type_ for type_, _ in found] == ["ERROR"]
    assert (found[0][1]["code"], found[0][1]["reason"]) == (410, "Expired")


async def a_namespace_goes_when_all_in_it_is_gone(place: Place) -> None:
    path = f"/api/v1/namespaces/{place.namespace}"
    await place.make("a", finalizers=["example.com/f"])
    await place.make("b")
    gone = await ask(place.transport, "DELETE", path)
    assert gone["status"]["phase"] == "Terminating"
    refused = await place.make("c")
    assert (refused["code"], refused["reason"]) == (403, "Forbidden")
    assert [cause["reason"] for cause in refused["details"]["causes"]] == ["NamespaceTerminating"]
    await _comes(place, f"{place.maps}/b", 404)
    left = await ask(place.transport, "GET", f"{place.maps}/a")
    assert "deletionTimestamp" in left["metadata"]
    await place.merge("a", {"metadata": {"finalizers": None}})
    await _comes(place, path, 404)


async def _comes(place: Place, path: str, status: int) -> None:
    """Wait until the path answers so."""
    async with asyncio.timeout(PATIENCE_S):
        while (await place.transport.send(Request("GET", path))).status != status:
            await place.act()


SCENARIOS = (
    a_watch_without_a_version_shows_first_what_is_there,
    a_watch_from_a_version_shows_what_came_after_it_in_order,
    a_deleted_object_is_shown_with_the_version_of_its_deletion,
    objects_enter_and_leave_the_sight_of_a_selective_watch,
    a_watch_list_says_when_it_has_shown_all,
    a_watch_from_a_forgotten_version_fails_with_expired,
    a_namespace_goes_when_all_in_it_is_gone,
)
