"""An operator on a fake API server, with time and the world moved by hand."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from shoal.backends.kubernetes.client import Client, Ignored
from shoal.backends.kubernetes.resources import RAYCLUSTERS
from shoal.backends.kubernetes.transport import Request
from shoal.desired.cluster import DesiredCluster
from shoal.engine.gcs_async import GcsCalls
from shoal.operator.operator import Operator
from shoal.operator.options import Options
from shoal.testing.clock import VirtualClock
from shoal.testing.fakeapi import FakeApi
from shoal.world.kubernetes import Observed, RayView

START = 1767225600.0  # 2026-01-01
TURNS = 8
"""Turns of the event loop in which an event reaches its watcher."""


def container(name: str) -> dict[str, Any]:
    return {"name": name, "image": "rayproject/ray:2.60.0", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}


def raycluster(name: str = "demo", workers: int = 2, **spec: Any) -> dict[str, Any]:
    """A RayCluster with one worker group."""
    group = {
        "groupName": "g",
        "replicas": workers,
        "minReplicas": 0,
        "maxReplicas": 1000,
        "rayStartParams": {},
        "template": {"spec": {"containers": [container("ray-worker")]}},
    }
    head = {"rayStartParams": {}, "template": {"spec": {"containers": [container("ray-head")]}}}
    body = {"rayVersion": "2.60.0", "headGroupSpec": head, "workerGroupSpecs": [group]}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": metadata, "spec": {**body, **spec}}


class Driven:
    """One operator process. ray: what Ray says, given the ready pods; by default that all are alive."""

    def __init__(self, api: FakeApi | None = None, clock: VirtualClock | None = None, **options: Any) -> None:
        self.clock = clock or VirtualClock()
        self.api = api or FakeApi(lambda: START + self.clock.now)
        self.client = Client(self.api, sleep=self.clock.sleep, jitter=lambda: 0.0)
        now = lambda: datetime.fromtimestamp(START + self.clock.now, UTC)  # noqa: E731
        self.operator = Operator(self.api, GcsCalls(), Options(**options), self.clock, now)
        self.operator.controller._ray._ask = self.ask
        self.ray: Callable[[Observed], RayView] = all_alive

    async def ask(self, observed: Observed, desired: DesiredCluster) -> RayView:
        return self.ray(observed)

    async def settle(self, seconds: float = 30, *, kubelet: bool = True) -> None:
        """Let the operator and the world do all they want in so many seconds."""
        end = self.clock.now + seconds
        queue = self.operator.queue
        while True:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            if kubelet:
                self.api.kubelet.act()
                self.api.controllers.act()
            key = queue.take()
            if key is not None:
                await self.operator.controller.step(key)
                queue.done(key)
                continue
            for _ in range(TURNS):
                await asyncio.sleep(0)
            wait = queue.next_due_s()
            if wait is None or self.clock.now + wait > end:
                break
            self.clock.now += wait
        self.clock.now = end

    async def create(self, body: dict[str, Any]) -> None:
        await self.client.create(RAYCLUSTERS, "default", body, Ignored)

    async def change(self, name: str = "demo", **spec: Any) -> None:
        await self.client.merge(RAYCLUSTERS, "default", name, {"spec": spec}, Ignored)

    def status(self, name: str = "demo") -> dict[str, Any]:
        """The stored status of a RayCluster."""
        for item in self.api.objects("rayclusters.ray.io"):
            if item["metadata"]["name"] == name:
                found: dict[str, Any] = msgspec.to_builtins(item).get("status", {})
                return found
        raise LookupError(name)

    def condition(self, kind: str, name: str = "demo") -> dict[str, Any]:
        return next((said for said in self.status(name).get("conditions", []) if said["type"] == kind), {})

    def pods(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.api.objects("pods")]

    def events(self) -> list[str]:
        return [item["reason"] for item in self.api.objects("events")]

    def writes(self) -> list[tuple[str, str]]:
        """(verb, resource) of all that the operator has written; the test's own requests go to another client."""
        return [(seen.verb, seen.resource) for seen in self.api.requests if seen.writes and not _is_of_test(seen)]


def _is_of_test(seen: Any) -> bool:
    return bool(seen.resource == "rayclusters.ray.io")


def makes_pod(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith("/pods")


def all_alive(observed: Observed) -> RayView:
    return RayView({pod.metadata.name: f"id-{pod.metadata.name}" for pod in observed.pods})


def play(scenario: Callable[[Driven], Awaitable[None]], **options: Any) -> Driven:
    """Run one scenario with an operator whose watches are open."""
    driven = Driven(**options)

    async def whole() -> None:
        following = asyncio.create_task(driven.operator.follow())
        await scenario(driven)
        following.cancel()
        await asyncio.wait([following])

    asyncio.run(whole())
    return driven
