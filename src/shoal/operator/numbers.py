"""What the operator counts, and what KubeRay's dashboards ask for."""

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import msgspec

from shoal.backends.kubernetes.store import Store
from shoal.backends.kubernetes.transport import ApiUnreachable, Request, Response, Transport
from shoal.operator.metrics import Counter, Family, Histogram, Sample, exposition
from shoal.operator.queue import WorkQueue
from shoal.status.kubernetes_conditions import PROVISIONED, stored
from shoal.world.from_kubernetes import seconds
from shoal.world.kubernetes import Resource

CONTROLLER = "raycluster-controller"
"""What acts on RayClusters, as KubeRay's operator calls it in the numbers that it has of its framework."""
_OWN = {"controller": CONTROLLER}


class Numbers:
    """Counters of one operator. Where KubeRay's dashboards ask for a number, it has the name that it has there."""

    def __init__(self) -> None:
        self.requests = Counter("shoal_api_requests_total", "Requests to the API server by verb, resource and status.")
        self.took = Histogram(
            "controller_runtime_reconcile_time_seconds", "How long one step of one cluster took.", controller=CONTROLLER
        )
        self.reconciles = Counter("controller_runtime_reconcile_total", "Steps by what came of them.")
        self.drains = Counter("shoal_drains_total", "Nodes that Ray was told to drain, by whether it took that.")
        self.raised = Counter("shoal_defects_total", "Steps that ended in an error that nobody thought of.")

    def counted(self, transport: Transport) -> "Counted":
        """``transport``, with its requests counted."""
        return Counted(transport, self.requests)

    @contextmanager
    def reconciling(self, failed: Callable[[], bool]) -> Iterator[None]:
        """Held around one step. failed: whether it has to be repeated; so has one that raises."""
        begun, result = time.perf_counter(), "error"
        try:
            yield
            result = "error" if failed() else "success"
        finally:
            self.took.observe(time.perf_counter() - begun)
            self.reconciles.add(controller=CONTROLLER, result=result)

    def text(self, store: Store, queue: WorkQueue) -> str:
        """All of it for Prometheus."""
        resources = [found for key in store if (found := store.resource(key)) is not None]
        return exposition(
            (
                *_of_clusters(resources),
                self.requests.family(),
                self.raised.family(),
                self.drains.family(),
                Family(
                    "workqueue_depth",
                    "gauge",
                    "Clusters that wait for a step.",
                    [(_OWN | {"name": CONTROLLER}, len(queue))],
                ),
                Family("controller_runtime_active_workers", "gauge", "Steps under way.", [(_OWN, queue.processing)]),
                self.reconciles.family(),
                self.took,
            )
        )


class Counted:
    """A Transport that counts requests."""

    def __init__(self, transport: Transport, requests: Counter) -> None:
        self._transport = transport
        self._requests = requests

    async def send(self, request: Request) -> Response:
        """As the transport itself."""
        try:
            response = await self._transport.send(request)
        except ApiUnreachable:
            self._count(request, "none")
            raise
        self._count(request, str(response.status))
        return response

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[tuple[Response, AsyncIterator[bytes]]]:
        """As the transport itself."""
        async with AsyncExitStack() as stack:
            try:
                response, lines = await stack.enter_async_context(self._transport.stream(request))
            except ApiUnreachable:
                self._count(request, "none")
                raise
            self._count(request, str(response.status))
            yield response, lines

    def _count(self, request: Request, status: str) -> None:
        verb = "watch" if "watch" in request.query else request.method.lower()
        self._requests.add(verb=verb, resource=_resource(request.path), status=status)


def _resource(path: str) -> str:
    """``/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUBRESOURCE`` -> ``PLURAL/SUBRESOURCE``."""
    parts = path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    return "/".join((*rest[:1], *rest[2:3]))


def _of_clusters(resources: list[Resource]) -> Iterator[Family]:
    """KubeRay's names, so that dashboards made for it go on."""
    infos: list[Sample] = []
    provisioned: list[Sample] = []
    durations: list[Sample] = []
    for resource in resources:
        meta = resource.metadata
        who = {"name": meta.name, "namespace": meta.namespace}
        owner = meta.owner_references[0].kind if meta.owner_references else "None"
        infos.append(({**who, "owner_kind": owner, "uid": meta.uid}, 1))
        said = _provisioned(resource)
        provisioned.append(({**who, "condition": str(said.get("status") == "True").lower(), "uid": meta.uid}, 1))
        if said.get("status") == "True":
            took = seconds(said["lastTransitionTime"]) - seconds(meta.creation_timestamp)
            durations.append(({**who, "uid": meta.uid}, took))
    yield Family("kuberay_cluster_info", "gauge", "Metadata information about RayCluster custom resources", infos)
    yield Family(
        "kuberay_cluster_condition_provisioned",
        "gauge",
        "Indicates whether the RayCluster is provisioned",
        provisioned,
    )
    yield Family(
        "kuberay_cluster_provisioned_duration_seconds",
        "gauge",
        "The time, in seconds, when a RayCluster's `RayClusterProvisioned` status transitions from false to true",
        durations,
    )


def _provisioned(resource: Resource) -> Mapping[str, Any]:
    return stored(msgspec.json.decode(resource.status), PROVISIONED)
