"""What actions of a plan are tried on: a RayCluster on a fake API server, and what it may need."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from shoal.backends.kubernetes.apply import Applier, Failed
from shoal.backends.kubernetes.cache import Cache
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.resources import RAYCLUSTERS
from shoal.backends.kubernetes.store import Key
from shoal.desired.cluster import DesiredCluster, DesiredNode, DesiredObject, Role
from shoal.engine.gcs import GcsUnreachable
from shoal.operator.keys import Keys
from shoal.plan.actions import Action, Reason
from shoal.testing.fakeapi import FakeApi
from shoal.world.kubernetes import (
    CLUSTER,
    Observed,
    Resource,
)

WHY = Reason("Test", "because")
TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {CLUSTER: "demo", "mine": "yes"}, "annotations": {"also": "mine"}},
    "spec": {"containers": [{"name": "ray", "image": "ray"}]},
}
NODE = DesiredNode("demo-head-abcde", Role.HEAD, "headgroup", {}, template="t1", edition="e1", seat="0.0")
SERVICE = DesiredObject.of(
    "Service",
    "demo-head-svc",
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "demo-head-svc", "labels": {CLUSTER: "demo"}},
        "spec": {"clusterIP": "None", "selector": {CLUSTER: "demo"}, "ports": [{"name": "gcs", "port": 6379}]},
    },
)
SECRET = DesiredObject.of(
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


AUTHORITY = DesiredObject.of(
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
        self.applier = Applier(self.client, self.cache, at_once, self._drain, now, Keys(self.client, self.cache, now))
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
