"""Plays many sequences on one API server, side by side in namespaces of their own, and watches what comes of them."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from random import Random
from typing import Any

import msgspec

from integration.fake_play import Answer, Obj, Player
from integration.fake_sequences import PARTIAL, Step, Writer
from integration.fake_shapes import SHAPES, Shape
from shoal.backends.kubernetes.transport import JSON, Request, Transport
from shoal.testing.fakeapi.patches import MERGE_PATCH

AT_ONCE = 6
END = "zz-end"
WATCH_S = 120.0
WAYS: tuple[tuple[str, dict[str, str]], ...] = (
    (JSON, {}),
    (JSON, {"labelSelector": "x=1"}),
    (JSON, {"fieldSelector": "metadata.name!=a"}),
    (PARTIAL, {}),
)
"""How each collection is watched: Accept header, selector. The last object of a sequence is in all of them."""


def body_of(value: Any) -> bytes:
    return msgspec.json.encode(value)


async def ask(transport: Transport, method: str, path: str, body: Any = None, content_type: str = JSON) -> Obj:
    """The decoded answer."""
    sent = b"" if body is None else body_of(body)
    query = {"fieldManager": "test"} if method in ("POST", "PATCH") else {}
    answer: Obj = msgspec.json.decode((await transport.send(Request(method, path, query, sent, content_type))).body)
    return answer


async def in_turns(tasks: Iterable[Any]) -> list[Any]:
    """All of them, a few at a time."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def take(task: Any) -> Any:
        async with turns:
            return await task

    return await asyncio.gather(*(take(task) for task in tasks))


async def new_namespaces(transport: Transport, names: list[str]) -> None:
    """Make them, and wait until they have what every namespace has."""
    await in_turns(ask(transport, "POST", "/api/v1/namespaces", {"metadata": {"name": name}}) for name in names)
    for path in ("/api/v1/serviceaccounts", "/api/v1/configmaps"):
        while True:
            items = (await ask(transport, "GET", path))["items"]
            if set(names) <= {item["metadata"]["namespace"] for item in items}:
                break
            await asyncio.sleep(0.2)


async def play(transport: Transport, sequences: dict[str, Writer], length: int) -> dict[str, list[Answer]]:
    """What every sequence, by its namespace, got: the answers to its requests, then what each watch saw of it."""
    start = (await ask(transport, "GET", "/api/v1/namespaces"))["metadata"]["resourceVersion"]
    players = {namespace: Player(transport, namespace) for namespace in sequences}
    await in_turns(_play_one(player, sequences[namespace].steps(length)) for namespace, player in players.items())
    shapes = {shape.path: shape for writer in sequences.values() for shape in writer.shapes}
    await in_turns(_end(transport, shape, ns) for ns, writer in sequences.items() for shape in one_each(writer.shapes))
    answers = {namespace: player.answers for namespace, player in players.items()}
    for shape in shapes.values():
        ending = {
            ns for ns, writer in sequences.items() if any(one.resource == shape.resource for one in writer.shapes)
        }
        seen = await asyncio.gather(*(watched(transport, shape, start, way, ending) for way in WAYS))
        for events in seen:
            for namespace, found in events.items():
                answers[namespace] += found
    return answers


def one_each(shapes: Iterable[Shape]) -> Iterator[Shape]:
    """One of the shapes of each resource."""
    yield from {shape.resource: shape for shape in shapes}.values()


async def _play_one(player: Player, steps: list[Step]) -> None:
    path = f"/api/v1/namespaces/{player.namespace}/serviceaccounts/default"
    player.know("serviceaccounts/default", await ask(player.transport, "GET", path))
    await player.play(steps)


async def _end(transport: Transport, shape: Shape, namespace: str) -> None:
    made = shape.make(_First())
    meta = {"name": END, "labels": {"x": "1"}}
    body = {"apiVersion": shape.version, "kind": shape.kind, "metadata": meta, **made}
    text = body_of(body).replace(b'"NS"', body_of(namespace))
    path = shape.path.replace("/NS/", f"/{namespace}/")
    response = await transport.send(Request("POST", path, {"fieldManager": "test"}, text))
    assert response.status == 201, response.body


class _First(Random):
    """Draws nothing: a shape's simplest object."""

    def random(self) -> float:
        return 1.0

    def choice(self, choices: Any) -> Any:
        return choices[0]


async def watched(
    transport: Transport, shape: Shape, start: str, way: tuple[str, dict[str, str]], ending: set[str]
) -> dict[str, list[Answer]]:
    """What a watch from ``start`` saw in each namespace, until the last object of each."""
    accept, selector = way
    path = shape.path.replace("/namespaces/NS", "")
    query = {"watch": "true", "resourceVersion": start, **selector}
    events: dict[str, list[Answer]] = {}
    left = set(ending)
    async with (
        asyncio.timeout(WATCH_S),
        transport.stream(Request("GET", path, query, accept=accept)) as (answer, lines),
    ):
        assert answer.status == 200, answer.body
        async with aclosing(lines) as opened:  # type: ignore[type-var]
            async for line in opened:
                event = msgspec.json.decode(line)
                assert event["type"] != "ERROR", event["object"]
                meta = event["object"]["metadata"]
                if meta.get("namespace") not in left:  # a bookmark has none
                    continue
                if meta["name"] == END:
                    left.remove(meta["namespace"])
                else:
                    events.setdefault(meta["namespace"], []).append((event["type"], event["object"]))
                if not left:
                    break
    return events


async def clean(transport: Transport, names: list[str]) -> None:
    """Take every finalizer of ours away, and delete the namespaces."""
    for shape in one_each(SHAPES):
        for item in (await ask(transport, "GET", shape.path.replace("/namespaces/NS", "")))["items"]:
            meta = item["metadata"]
            kept = [name for name in meta.get("finalizers", ()) if not name.startswith(("example.com/", "nope"))]
            if meta["namespace"] in names and kept != meta.get("finalizers", []):
                path = f"{shape.path.replace('/NS/', '/' + meta['namespace'] + '/')}/{meta['name']}"
                await ask(transport, "PATCH", path, {"metadata": {"finalizers": kept or None}}, MERGE_PATCH)
    await in_turns(ask(transport, "DELETE", f"/api/v1/namespaces/{name}") for name in names)
