"""What is looked up of a class and of the Gateway API, and what is made of an answer that isn't given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import pytest

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.remote.entrances import controller_of, has_timeouts
from shoal.backends.kubernetes.transport import Request, Response

CLASSES = "/apis/networking.k8s.io/v1/ingressclasses"


class Answering:
    """An API server that knows these paths; what it has None for, it forbids."""

    def __init__(self, known: dict[str, Any]) -> None:
        self._known = known

    async def send(self, request: Request) -> Response:
        """Whatever is known there."""
        if request.path not in self._known:
            return Response(404, b"")
        found = self._known[request.path]
        return Response(403, b"") if found is None else Response(200, msgspec.json.encode(found))

    def stream(self, request: Request) -> AbstractAsyncContextManager[tuple[Response, AsyncIterator[bytes]]]:
        """Of no use here."""
        raise NotImplementedError


def ingress_class(name: str, controller: str, **metadata: Any) -> dict[str, Any]:
    """An IngressClass as it is read."""
    return {"metadata": {"name": name, **metadata}, "spec": {"controller": controller}}


@pytest.mark.parametrize(
    ("items", "controller"),
    [
        ([], ""),
        ([ingress_class("a", "one")], ""),
        (
            [
                ingress_class("a", "one"),
                ingress_class(
                    "b",
                    "older",
                    annotations={"ingressclass.kubernetes.io/is-default-class": "true"},
                    creationTimestamp="2026-01-01T00:00:00Z",
                ),
                ingress_class(
                    "c",
                    "newer",
                    annotations={"ingressclass.kubernetes.io/is-default-class": "true"},
                    creationTimestamp="2026-02-01T00:00:00Z",
                ),
            ],
            "newer",
        ),
        (None, None),
    ],
)
def test_the_default_class_is_the_one_that_the_api_server_takes(
    items: list[dict[str, Any]] | None, controller: str | None
) -> None:
    client = Client(Answering({CLASSES: None if items is None else {"items": items}}))
    assert asyncio.run(controller_of(client, "")) == controller


def routes(**rule: Any) -> dict[str, Any]:
    """What an API server says of HTTPRoutes."""
    items = {"type": "object", "properties": {"matches": {"type": "array", "items": {}}, **rule}}
    spec = {"properties": {"hostnames": {}, "rules": {"type": "array", "items": items}}}
    names = {"io.k8s.networking.gateway.v1.HTTPRoute": {"properties": {"spec": spec}}, "other.HTTPRouteList": {}}
    return {"openapi": "3.0.0", "components": {"schemas": names}}


@pytest.mark.parametrize(
    ("answer", "has"),
    [
        (routes(timeouts={"properties": {"request": {}}}), True),
        (routes(), False),
        ({"openapi": "3.0.0"}, True),
        (None, True),
    ],
)
def test_timeouts_are_asked_of_a_gateway_api_that_knows_them(answer: dict[str, Any] | None, has: bool) -> None:
    client = Client(Answering({"/openapi/v3/apis/gateway.networking.k8s.io/v1": answer}))
    assert asyncio.run(has_timeouts(client)) is has
