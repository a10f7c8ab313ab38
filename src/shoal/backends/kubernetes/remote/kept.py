"""Logs of pods that are gone: read from where they were kept, in a pod made for it that goes with this process."""

import asyncio
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO, cast

import msgspec

from shoal.backends.kubernetes import keeper as program
from shoal.backends.kubernetes.remote.connection import Connection
from shoal.backends.kubernetes.remote.errors import ContainerNotRunning
from shoal.backends.kubernetes.remote.execute import Command, execute
from shoal.backends.kubernetes.remote.head import RayPod, pods_of, seat_of
from shoal.backends.kubernetes.remote.helper import Helper, as_failure
from shoal.backends.kubernetes.remote.logs import PodFiles
from shoal.backends.kubernetes.remote.places import Place
from shoal.backends.kubernetes.resources import PODS, RAYCLUSTERS
from shoal.backends.logs import LogFile, NodeUnknown, NothingKept
from shoal.desired.cluster import HEAD_GROUP
from shoal.desired.kubernetes.keeper import PATH, folder_of, reader, store_of
from shoal.errors import ActionFailed
from shoal.spec.kubernetes.container import Container
from shoal.spec.log_store import LOGS_TO, LogStore
from shoal.spec.raycluster import RayCluster
from shoal.world.blockers import why_not_running

RAY_IMAGE = "rayproject/ray:2.60.0"
"""For the pod that reads, where no RayCluster of the namespace tells of an image that can be pulled there."""
STARTS_WITHIN_S = 120.0
LOOK_AGAIN_S = 0.5
TO_STDERR = "RAY_LOG_TO_STDERR"


class Source(msgspec.Struct, frozen=True):
    """Where the logs of a cluster are, and with which image they are read."""

    store: LogStore
    image: str


class Kept(msgspec.Struct, frozen=True):
    """A file of a store, ``UID/GROUP/POD/POD_UID/SESSION/NAME`` below the folder of its cluster."""

    file: LogFile
    uid: str
    group: str
    pod: str
    pod_uid: str
    session: str
    name: str


class KeptLogs:
    """store: where to look; None for what RayClusters of the namespace say. say: told what takes a while."""

    def __init__(
        self, connection: Connection, place: Place, store: LogStore | None, say: Callable[[str], None]
    ) -> None:
        self._connection = connection
        self._place = place
        self._store = store
        self._say = say
        self._files: dict[str, PodFiles] = {}
        self._originals: dict[tuple[str, str], tuple[PodFiles, LogFile]] = {}

    def files(self, cluster: str, node: str) -> tuple[LogFile, ...]:
        """Of a node that runs no more; "" for the last head. Raises NodeUnknown, NothingKept, ContainerNotRunning."""
        portal = self._connection.portal
        if cluster not in self._files:
            self._files[cluster] = self._opened(portal.call(self._source(cluster)), cluster)
        files = self._files[cluster]
        living = {pod.metadata.uid for pod in portal.call(self._pods(cluster)) if _stays(pod)}
        found = [file for file in map(_kept, files.files()) if file is not None and file.pod_uid not in living]
        chosen = _of_node(found, node or _last_head(found))
        if not chosen and node and found:
            raise NodeUnknown(cluster, node, {file.pod for file in found})
        if not chosen:
            others = ", ".join(sorted({file.pod for file in found}))
            step = f"say --node: there are those of {others}" if others else f"`shoal logs {cluster}` reads what runs"
            raise NothingKept(cluster, (), "no head of it that is gone has left any there", step)
        self._originals |= {(file.pod, file.file.identity): (files, file.file) for file in chosen}
        return tuple(sorted(_shown(chosen), key=lambda file: file.name))

    def opened(self, file: LogFile) -> BinaryIO | None:
        """One of ``files``, open at its start; None for any other."""
        if (file.node, file.identity) not in self._originals:
            return None
        files, original = self._originals[file.node, file.identity]
        return cast("BinaryIO", files.open(original))

    async def _pods(self, cluster: str) -> tuple[RayPod, ...]:
        return await pods_of(self._connection.client, self._place.namespace, cluster)

    async def _source(self, cluster: str) -> Source:
        """Raises NothingKept where nobody says where logs are kept."""
        listed = await self._connection.client.list(RAYCLUSTERS, RayCluster, namespace=self._place.namespace)
        own_first = sorted(listed.items, key=lambda item: item.metadata.name != cluster)
        images = [container.image for item in own_first for container in _head_containers(item)[:1] if container.image]
        stores = [self._store, *map(store_of, own_first)]
        store = next((store for store in stores if store is not None), None)
        if store is not None:
            return Source(store, images[0] if images else RAY_IMAGE)
        own = [item for item in listed.items if item.metadata.name == cluster]
        variables = [variable for item in own for known in _head_containers(item)[:1] for variable in known.env]
        if any(variable.name == TO_STDERR and variable.value.lower() in ("1", "true") for variable in variables):
            why = (
                f"with {TO_STDERR} it writes no log files; what its containers print is kept by whatever collects that"
            )
            raise _nothing(cluster, why)
        raise _nothing(cluster, f"no RayCluster of {self._place.namespace} says {LOGS_TO}")

    def _opened(self, source: Source, cluster: str) -> PodFiles:
        portal, namespace = self._connection.portal, self._place.namespace
        self._say(f"note: starting a pod that reads the kept logs of {cluster}")
        pod = portal.call(self._start(source, cluster))
        in_bucket = source.store.kind == "s3"
        folder = PATH if in_bucket else f"{PATH}/{folder_of(source.store, namespace, cluster)}"

        async def start(command: Sequence[str]) -> Command:
            return await execute(self._connection.sockets, seat_of(pod), command, stdin=True, tty=False)

        return PodFiles("kept", lambda: Helper(portal, start, "serve", folder, failed=as_failure))

    async def _start(self, source: Source, cluster: str) -> RayPod:
        client, namespace = self._connection.client, self._place.namespace
        body = reader(source.store, namespace, cluster, source.image, inspect.getsource(program))
        pod = await client.create(PODS, namespace, body, RayPod)
        self._connection.portal.at_end(lambda: self._end(pod))
        loop = asyncio.get_running_loop()
        end = loop.time() + STARTS_WITHIN_S
        while not pod.runs:
            why = why_not_running(pod)
            if loop.time() > end or pod.status.phase in ("Failed", "Succeeded"):
                said = f"the pod that is to read the logs does not run: {why.message}"
                raise ContainerNotRunning(said, where=pod.metadata.name, next_step=why.next_step)
            await asyncio.sleep(LOOK_AGAIN_S)
            pod = await client.get(PODS, namespace, pod.metadata.name, RayPod)
        return pod

    async def _end(self, pod: RayPod) -> None:
        try:
            await self._connection.client.delete(PODS, pod.metadata.namespace, pod.metadata.name, grace_s=0)
        except ActionFailed:  # it ends by itself, some minutes later
            return


def _head_containers(cluster: RayCluster) -> tuple[Container, ...]:
    pod = cluster.spec.head_group_spec.template.spec
    return pod.containers if pod is not None else ()


def _nothing(cluster: str, why: str) -> NothingKept:
    step = f"annotate the RayCluster with {LOGS_TO}: pvc://CLAIM, or say by --from where they are"
    return NothingKept(cluster, (), why, step)


def _stays(pod: RayPod) -> bool:
    """Whether its logs are still being written; `shoal logs` without --dead reads those."""
    return pod.runs and pod.metadata.deletion_timestamp is None


def _kept(file: LogFile) -> Kept | None:
    """None for what is no log: notes of the keeper itself."""
    parts = file.name.split("/", 5)
    if len(parts) < 6 or any(part.startswith(".") for part in file.name.split("/")):
        return None
    return Kept(file, *parts)


def _last_head(found: Iterable[Kept]) -> str:
    heads = [file for file in found if file.group == HEAD_GROUP]
    return max(heads, key=lambda file: file.file.modified).pod if heads else ""


def _of_node(found: Iterable[Kept], pod: str) -> list[Kept]:
    """Its files: of the newest pod of that name."""
    of_name = [file for file in found if file.pod == pod]
    newest = max((file.file.modified, file.pod_uid) for file in of_name)[1] if of_name else ""
    return [file for file in of_name if file.pod_uid == newest]


def _shown(files: Sequence[Kept]) -> Iterable[LogFile]:
    """As the node itself named them; those of an earlier session of the pod with that session before."""
    last = max(file.session for file in files)
    for kept in files:
        name = kept.name if kept.session == last else f"{kept.session}/{kept.name}"
        yield msgspec.structs.replace(kept.file, node=kept.pod, name=name)
