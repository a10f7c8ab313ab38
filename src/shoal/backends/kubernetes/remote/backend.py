"""Clusters on Kubernetes, made by whatever operator runs there, reached through the API server."""

import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, BinaryIO, Self, TypeVar, cast

from shoal.backends.base import Backend, Endpoints, Port, Preview
from shoal.backends.kubernetes.errors import Forbidden
from shoal.backends.kubernetes.remote import copying, joined, objects
from shoal.backends.kubernetes.remote.certificate import FILES, certificate_of
from shoal.backends.kubernetes.remote.connection import Connection, connect
from shoal.backends.kubernetes.remote.execute import Command, execute, gathered
from shoal.backends.kubernetes.remote.forecast import forecast
from shoal.backends.kubernetes.remote.forward import HERE, Forward
from shoal.backends.kubernetes.remote.head import RayPod, head_of, pods_of, seat_of, token_of
from shoal.backends.kubernetes.remote.helper import Helper, as_failure
from shoal.backends.kubernetes.remote.kept import KeptLogs
from shoal.backends.kubernetes.remote.logs import PRINTED, PRINTED_BEFORE, PodFiles, PrintedLog, printed
from shoal.backends.kubernetes.remote.places import Place, forget, remember
from shoal.backends.kubernetes.remote.private_files import private_files
from shoal.backends.kubernetes.remote.rayview import ray_view
from shoal.backends.kubernetes.resources import PODS, RAYCLUSTERS
from shoal.backends.logs import LogFile, NodeUnknown
from shoal.desired.cluster import DesiredCluster
from shoal.errors import ClusterUnknown
from shoal.plan.actions import ApplyObject, Forecast, Plan, Reason, RemoveCluster, Stage
from shoal.spec.log_store import LogStore
from shoal.status.conditions import ClusterStatus, State
from shoal.status.of_kubernetes import acted_on, status_from
from shoal.world.kubernetes import RayView, Resource

T = TypeVar("T")

OPERATOR_PATIENCE_S = 15.0
"""How long nothing may come of a RayCluster before it is asked whether any operator runs."""


class KubernetesBackend(Backend):
    """Clusters of one namespace.

    manifest: of the cluster that is to be changed, as it was written. say: told what goes wrong beside the work.
    """

    kind = "kubernetes"
    look_again_s = 1.0
    patience_s = 600.0
    keeps_logs = False
    addresses_last = False

    def __init__(
        self, place: Place, manifest: objects.Manifest | None = None, say: Callable[[str], None] = lambda text: None
    ) -> None:
        self.place = place
        self.where = str(place)
        self.listing = place.listing
        self._manifest = manifest
        self._say = say
        self._connected: Connection | None = None
        self._files: dict[str, PodFiles] = {}
        self._ignored_since = 0.0
        self._is_blind = False
        self._store: LogStore | None = None

    async def clusters(self) -> tuple[str, ...]:
        """Names of all RayClusters of the namespace, and of those of which pods are left."""
        return tuple(status.name for _, status in await self.overview())

    async def plan(self, cluster: str, desired: DesiredCluster | None) -> Plan:
        """What a dry run says. Raises KindUnknown, and the API server's refusals."""
        return (await self.preview(cluster, desired)).plan

    async def preview(self, cluster: str, desired: DesiredCluster | None) -> Preview:
        """What a dry run says, and what the operator would do after it. Raises as ``plan``."""
        if desired is None:
            return Preview(await self._removal(cluster))
        said = await self._run(objects.dry_run(self._connection.client, self.place, self._to_apply))

        async def ask() -> RayView | None:
            return await ray_view(self._connection, self.place.namespace, cluster)

        async def foresee() -> Forecast:
            return await self._run(forecast(self._connection.client, *said, ask, datetime.now(UTC)))

        return Preview(objects.plan_of(self.place, self._to_apply, said), foresee)

    async def progress(self, cluster: str, desired: DesiredCluster | None) -> ClusterStatus:
        """The same as ``status``. Raises NoOperator once nothing has come of it for a while."""
        resource, pods = await self._look(cluster)
        if desired is None or resource is None or acted_on(resource):
            self._ignored_since = 0.0
        elif not self._ignored_since:
            self._ignored_since = time.monotonic()
        elif time.monotonic() > self._ignored_since + OPERATOR_PATIENCE_S:
            await self._run(objects.expect_operator(self._connection.client, self.place, cluster))
            self._ignored_since = 0.0
        status = _status(cluster, resource, pods)
        if status.state is State.ABSENT:
            forget(cluster, self.place)
        return status

    async def status(self, cluster: str) -> ClusterStatus:
        """What its operator says of it, and its pods."""
        status = _status(cluster, *await self._look(cluster))
        if status.state is State.ABSENT:
            forget(cluster, self.place)
        else:
            remember(cluster, self.place)
        return status

    async def overview(self, *, everywhere: bool = False) -> tuple[tuple[str, ClusterStatus], ...]:
        """(namespace, status) of all clusters of the namespace, or of all namespaces, sorted. Raises KindUnknown."""
        client, namespace = self._connection.client, "" if everywhere else self.place.namespace
        clusters = await self._run(objects.all_of(client, self.place, namespace))
        pods = objects.by_cluster(await self._run(self._seen_pods(namespace, "")))
        keys = sorted({*clusters, *pods})
        return tuple((key[0], _status(key[1], clusters.get(key), pods.get(key, ()))) for key in keys)

    def check(self, plan: Plan) -> None:
        """Nothing: what stands in the way was found by the dry run."""

    async def apply(self, cluster: str, stage: Stage) -> None:
        """Apply or delete the RayCluster; the rest is its operator's."""
        client = self._connection.client
        for action in stage:
            match action:
                case ApplyObject():
                    await self._run(objects.applied(client, self.place, action.object.body))
                    remember(cluster, self.place)
                case RemoveCluster():
                    await self._run(objects.delete(client, self.place, cluster))
                case _:
                    raise AssertionError(f"no plan of this backend has a {type(action).__name__}")

    def changing(self, cluster: str) -> AbstractContextManager[None]:
        """The API server lets one change happen after the other."""
        return nullcontext()

    @contextmanager
    def reach(self, cluster: str) -> Iterator[Endpoints]:
        """Ports of this machine that lead to the head, whichever pod that is by then, and files with what lets in."""
        portal = self._connection.portal
        head = portal.call(self._head(cluster))
        secrets = {"RAY_AUTH_TOKEN_PATH": portal.call(self._token(head)), **portal.call(self._certificate(head))}
        numbers = [head.port("gcs"), head.port("dashboard"), head.port("client")]
        with private_files(secrets) as files, self._forwarded(cluster, numbers) as (gcs, dashboard, client):
            address = f"ray://{HERE}:{client}"
            modes = {"RAY_AUTH_MODE": "token" if "RAY_AUTH_TOKEN_PATH" in files else "disabled"}
            if FILES[0] in files:
                modes["RAY_USE_TLS"] = "1"
            yield Endpoints(
                gcs=f"{HERE}:{gcs}",
                dashboard=f"http://{HERE}:{dashboard}",
                client=address,
                token_path=files.get("RAY_AUTH_TOKEN_PATH", ""),
                environment={"RAY_ADDRESS": address, **modes, **files},
            )

    @contextmanager
    def ports(self, cluster: str, numbers: Sequence[int]) -> Iterator[tuple[Port, ...]]:
        """A local port for each, the same number where that is free."""
        with self._forwarded(cluster, numbers, same=True) as here:
            yield tuple(Port(there, "", f"{HERE}:{port}") for there, port in zip(numbers, here, strict=True))

    def execute(self, cluster: str, command: Sequence[str], *, stdin: bool, tty: bool) -> int:
        """Run ``command`` in the head's Ray container; its exit code. Raises HeadNotRunning, CommandNotRun."""
        portal = self._connection.portal
        return joined.run_here(portal, self._start(cluster, command, stdin=stdin or tty, tty=tty), stdin or tty, tty)

    async def run(self, cluster: str, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Run ``command`` in the head's Ray container. Cancelled, it is left alone there."""
        code, output = await self._run(gathered(self._start(cluster, command, stdin=False, tty=False)))
        return subprocess.CompletedProcess(list(command), code, output)

    def log_files(self, cluster: str, node: str = "", *, dead: bool = False) -> tuple[LogFile, ...]:
        """What Ray wrote there, and what its container printed. Raises ClusterUnknown, NodeUnknown, NothingKept."""
        if dead:
            return self._kept.files(cluster, node)
        pod = self._connection.portal.call(self._pod(cluster, node))
        found = printed(pod)
        if pod.runs:
            found += self._files_of(pod).files()
        return tuple(sorted(found, key=lambda file: file.name))

    def open_log(self, file: LogFile) -> BinaryIO:
        """A log file, open at its start. Raises LogReplaced."""
        if (kept := self._kept.opened(file)) is not None:
            return kept
        if file.name in (PRINTED, PRINTED_BEFORE) and file.identity.startswith(file.name):
            return PrintedLog(lambda: self._connection.portal.call(self._printed(file)))
        return cast("BinaryIO", self._files[file.node].open(file))

    def copy_up(self, cluster: str, source: str, target: str) -> str:
        """Copy into the head's Ray container. Raises HeadNotRunning, SourceMissing, CopyFailed."""
        return copying.copy_up(self._helper_on_head(cluster), source, target)

    def copy_down(self, cluster: str, source: str, target: str) -> str:
        """Copy from the head's Ray container. Raises as ``copy_up``, and CopyUnsafe."""
        return copying.copy_down(self._helper_on_head(cluster), source, target)

    def reading_from(self, store: LogStore) -> Self:
        """Itself, with logs of what is gone taken from ``store`` whatever the RayClusters say."""
        self._store = store
        return self

    async def using(self, work: Callable[[Connection, Place], Coroutine[Any, Any, T]]) -> T:
        """Do ``work`` with the API server of this place, for what only this backend has."""
        return await self._run(work(self._connection, self.place))

    @cached_property
    def _kept(self) -> KeptLogs:
        return KeptLogs(self._connection, self.place, self._store, self._say)

    @property
    def _connection(self) -> Connection:
        if self._connected is None:
            self._connected = connect(self.place)
            for note in self._connected.access.notes:
                self._say(f"note: {note}")
        return self._connected

    @property
    def _to_apply(self) -> objects.Manifest:
        if self._manifest is None:
            raise AssertionError("no manifest was given to be applied")
        return self._manifest

    async def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return await self._connection.portal.run(work)

    async def _removal(self, cluster: str) -> Plan:
        resource, pods = await self._look(cluster)
        if resource is None and not pods:
            return Plan(cluster)
        reason = Reason("ClusterDeleted", "the cluster is to be gone")
        return Plan(cluster, ((RemoveCluster(cluster, reason),),))

    async def _look(self, cluster: str) -> tuple[Resource | None, tuple[RayPod, ...]]:
        resource = await self._run(objects.seen(self._connection.client, self.place, cluster))
        return resource, await self._run(self._seen_pods(self.place.namespace, cluster))

    async def _seen_pods(self, namespace: str, cluster: str) -> tuple[RayPod, ...]:
        """None for who may not read pods, which is said once: whoever may write RayClusters need not be allowed to."""
        try:
            return await pods_of(self._connection.client, namespace, cluster)
        except Forbidden:
            if not self._is_blind:
                self._say("note: you may not read pods: how they are is left out")
            self._is_blind = True
            return ()

    async def _head(self, cluster: str) -> RayPod:
        client = self._connection.client
        if await objects.seen(client, self.place, cluster) is None:
            forget(cluster, self.place)
            raise ClusterUnknown(cluster, await self._names(), self.where, self.listing)
        remember(cluster, self.place)
        return await head_of(client, self.place.namespace, cluster)

    async def _names(self) -> tuple[str, ...]:
        listed = await self._connection.client.list(RAYCLUSTERS, Resource, namespace=self.place.namespace)
        return objects.names(listed.items)

    async def _pod(self, cluster: str, node: str) -> RayPod:
        if not node:
            return await self._head_even_broken(cluster)
        pods = {pod.metadata.name: pod for pod in await self._pods(cluster)}
        if node not in pods:
            raise NodeUnknown(cluster, node, pods)
        return pods[node]

    async def _head_even_broken(self, cluster: str) -> RayPod:
        pods = await self._pods(cluster)
        if not pods or pods[0].metadata.labels["ray.io/node-type"] != "head":
            return await self._head(cluster)  # says what is missing
        return pods[0]

    async def _pods(self, cluster: str) -> tuple[RayPod, ...]:
        pods = await pods_of(self._connection.client, self.place.namespace, cluster)
        if not pods and await objects.seen(self._connection.client, self.place, cluster) is None:
            raise ClusterUnknown(cluster, await self._names(), self.where, self.listing)
        remember(cluster, self.place)
        return pods

    async def _token(self, head: RayPod) -> str:
        return await token_of(self._connection.client, head, await self._connection.token())

    async def _certificate(self, head: RayPod) -> dict[str, str]:
        return await certificate_of(self._connection.sockets, head)

    async def _printed(self, file: LogFile) -> bytes:
        pod = await self._connection.client.get(PODS, self.place.namespace, file.node, RayPod)
        query = {"container": pod.ray.name} | ({"previous": "true"} if file.name == PRINTED_BEFORE else {})
        return await self._connection.client.read_bytes(PODS.path(self.place.namespace, file.node, "log"), query)

    async def _start(self, cluster: str, command: Sequence[str], *, stdin: bool, tty: bool) -> Command:
        seat = seat_of(await self._head(cluster))
        return await execute(self._connection.sockets, seat, command, stdin=stdin, tty=tty)

    def _helper_on_head(self, cluster: str) -> copying.Run:
        async def start(command: Sequence[str]) -> Command:
            return await self._start(cluster, command, stdin=True, tty=False)

        return lambda *words, failed: Helper(self._connection.portal, start, *words, failed=failed)

    def _files_of(self, pod: RayPod) -> PodFiles:
        async def start(command: Sequence[str]) -> Command:
            return await execute(self._connection.sockets, seat_of(pod), command, stdin=True, tty=False)

        def run() -> Helper:
            return Helper(self._connection.portal, start, "serve", pod.logs_folder, failed=as_failure)

        return self._files.setdefault(pod.metadata.name, PodFiles(pod.metadata.name, run))

    @contextmanager
    def _forwarded(self, cluster: str, numbers: Sequence[int], *, same: bool = False) -> Iterator[tuple[int, ...]]:
        connection = self._connection

        async def head() -> tuple[str, str]:
            found = await head_of(connection.client, self.place.namespace, cluster)
            return found.metadata.namespace, found.metadata.name

        forwards = [Forward(connection.sockets, head, number, self._say) for number in numbers]

        async def close() -> None:
            for forward in forwards:
                await forward.close()

        try:
            yield tuple(connection.portal.call(forward.listen(same=same)) for forward in forwards)
        finally:
            connection.portal.call(close())


def _status(cluster: str, resource: Resource | None, pods: Sequence[RayPod]) -> ClusterStatus:
    given = {pod.metadata.name: _resources(pod) for pod in pods}
    return status_from(cluster, resource, pods, given)


RAY_NAMES = {"CPU": "num-cpus", "GPU": "num-gpus", "memory": "memory"}


def _resources(pod: RayPod) -> dict[str, float]:
    """What Ray was told that it has there."""
    told = {name: pod.option(option) for name, option in RAY_NAMES.items()}
    return {name: float(value) for name, value in told.items() if value.isdecimal()}
