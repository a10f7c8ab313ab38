"""RayClusters and bare pods on fake nodes: made, waited for, and gone again."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from bench.operator.idle import until_idle
from shoal.backends.kubernetes.client import Bookmark, Client, Ignored
from shoal.backends.kubernetes.errors import AlreadyExists, NotFound
from shoal.backends.kubernetes.kubeconfig import access
from shoal.backends.kubernetes.resources import (
    ENDPOINTSLICES,
    NAMESPACES,
    NETWORKPOLICIES,
    PODS,
    RAYCLUSTERS,
    SECRETS,
    SERVICES,
    Resource,
)
from shoal.backends.kubernetes.transports import transport_to
from shoal.spec.wire import Wire

T = TypeVar("T")

NAMESPACE = "bench"
MADE = (SERVICES, SECRETS, NETWORKPOLICIES, PODS)
"""What operators make of a RayCluster."""
AT_ONCE = 20
POLL_S = 0.5


class _Metadata(Wire, frozen=True):
    name: str
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] = {}


class _Condition(Wire, frozen=True):
    type: str
    status: str


class _Status(Wire, frozen=True):
    state: str = ""
    conditions: list[_Condition] = []


class Seen(Wire, frozen=True):
    """Of an object what the bench looks at."""

    metadata: _Metadata
    status: _Status = _Status()

    @property
    def is_ready(self) -> bool:
        """Of a pod, what its condition says."""
        return any(said.type == "Ready" and said.status == "True" for said in self.status.conditions)


class Ready(NamedTuple):
    """wall_s: from the first cluster asked for to the last one ready. took_s: of each from when it was, by name."""

    wall_s: float
    took_s: dict[str, float]


class Clusters:
    """What the bench asks of the API server, as its administrator."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def prepare(self) -> None:
        """Have an empty namespace."""
        with contextlib.suppress(AlreadyExists):
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
            await self.client.create(NAMESPACES, "", body, Ignored)
        await self.remove_all()

    async def create(self, bodies: Iterable[dict[str, Any]], resource: Resource = RAYCLUSTERS) -> dict[str, float]:
        """Create objects, AT_ONCE side by side; when each was asked for, by name."""
        begun: dict[str, float] = {}

        async def one(body: dict[str, Any]) -> None:
            begun[body["metadata"]["name"]] = time.monotonic()
            await self.client.create(resource, NAMESPACE, body, Ignored)

        await side_by_side(one, bodies)
        return begun

    async def until_ready(self, bodies: list[dict[str, Any]], within_s: float) -> Ready:
        """Create RayClusters and wait until ``state`` of each is ``ready``."""
        listed = await self.client.list(RAYCLUSTERS, Seen, namespace=NAMESPACE)
        ready: dict[str, float] = {}

        async def watch() -> None:
            async with contextlib.aclosing(self.changes(RAYCLUSTERS, listed.version)) as changes:
                async for changed in changes:
                    if changed.status.state == "ready":
                        ready.setdefault(changed.metadata.name, time.monotonic())
                    if len(ready) == len(bodies):
                        return

        async with asyncio.timeout(within_s):
            watching = asyncio.create_task(watch())
            begun = await self.create(bodies)
            await watching
        took_s = {name: ready[name] - begun[name] for name in begun}
        return Ready(max(ready.values()) - min(begun.values()), took_s)

    async def changes(self, resource: Resource, version: str) -> AsyncGenerator[Seen, None]:
        """Every object of the bench that changes after ``version``, as it is then, without end.

        The API server ends the watches of those that it finds too slow, so each goes on where the one before was.
        """
        while True:
            async with contextlib.aclosing(self.client.watch(resource, Seen, version, namespace=NAMESPACE)) as events:
                async for event in events:
                    if isinstance(event, Bookmark):
                        version = event.version
                        continue
                    version = event.object.metadata.resource_version
                    yield event.object

    async def raw_pods_s(self, count: int) -> float:
        """Seconds from the first of ``count`` bare pods to the moment at which all are Ready; they are removed then."""
        began = time.monotonic()
        body = {"apiVersion": "v1", "kind": "Pod", "spec": template("c")["spec"]}
        pods = ({**body, "metadata": {"name": f"raw-{i}"}} for i in range(count))
        await self.create(pods, PODS)
        while await self._ready_pods() < count:  # noqa: ASYNC110 - KubeRay's ratios were measured so, too
            await asyncio.sleep(POLL_S)
        took = time.monotonic() - began
        await self._remove(PODS)
        return took

    async def remove_all(self) -> None:
        """Delete every RayCluster and what was made of it, and wait until the machine has nothing left to do with them.

        Kubernetes itself collects what clusters leave behind at twenty objects a second: a turn that begins before it
        has ended pays for the turn before.
        """
        for resource in (RAYCLUSTERS, *MADE, ENDPOINTSLICES):
            await self._remove(resource)
        await until_idle()

    async def _ready_pods(self) -> int:
        return sum(pod.is_ready for pod in (await self.client.list(PODS, Seen, namespace=NAMESPACE)).items)

    async def _remove(self, resource: Resource) -> None:
        async def one(item: Seen) -> None:
            with contextlib.suppress(NotFound):
                await self.client.delete(resource, NAMESPACE, item.metadata.name, grace_s=0)

        while items := (await self.client.list(resource, Seen, namespace=NAMESPACE)).items:
            await side_by_side(one, items)
            await asyncio.sleep(POLL_S)


async def side_by_side(one: Callable[[T], Awaitable[None]], items: Iterable[T]) -> None:
    rest = iter(items)

    async def lane() -> None:
        for item in rest:
            await one(item)

    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))


@contextlib.asynccontextmanager
async def connected(kubeconfig: str) -> AsyncIterator[Clusters]:
    """Clusters of the API server that a kubeconfig names."""
    async with transport_to(access(kubeconfig, "")) as transport:
        yield Clusters(Client(transport))


def raycluster(name: str, workers: int) -> dict[str, Any]:
    """A head and one worker group."""
    group = {"groupName": "g", "replicas": workers, "minReplicas": workers, "maxReplicas": workers}
    head = {"rayStartParams": {}, "template": template("ray-head")}
    spec = {
        "rayVersion": "2.60.0",
        "headGroupSpec": head,
        "workerGroupSpecs": [{**group, "rayStartParams": {}, "template": template("ray-worker")}],
    }
    return {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": name}, "spec": spec}


def template(container: str) -> dict[str, Any]:
    """A pod that asks for next to nothing, on a fake node."""
    little: Mapping[str, str] = {"cpu": "10m", "memory": "10Mi"}
    resources = {"requests": little, "limits": little}
    containers = [{"name": container, "image": "rayproject/ray:2.60.0", "resources": resources}]
    return {"metadata": {}, "spec": {"containers": containers, "nodeSelector": {"type": "kwok"}}}
