"""A cluster as rules see it: the typed spec, where each part stands in the text, and what stands beside it."""

from collections.abc import Iterator

import msgspec

from shoal.findings import Path
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.images import ray_of
from shoal.spec.kubernetes.container import Container
from shoal.spec.kubernetes.pod import PodSpec
from shoal.spec.node import Node
from shoal.spec.other import Other
from shoal.spec.parsed import Document, Parsed
from shoal.spec.quantity import Quantity
from shoal.spec.raycluster import HeadGroupSpec, RayCluster, RayClusterSpec, WorkerGroupSpec
from shoal.spec.rayjob import RayCronJob, RayJob
from shoal.spec.rayservice import RayService


class Group(msgspec.Struct, frozen=True):
    """The head or one worker group. path: where it stands in its document."""

    name: str
    path: Path
    spec: HeadGroupSpec | WorkerGroupSpec
    pod: PodSpec

    @property
    def title(self) -> str:
        """As people speak of it: "the head", "group 'gpu'"."""
        return "the head" if self.is_head else f"group {self.name!r}"

    @property
    def is_head(self) -> bool:
        return isinstance(self.spec, HeadGroupSpec)

    @property
    def container(self) -> Container:
        """The one that runs Ray."""
        return self.pod.containers[0]

    @property
    def pod_path(self) -> Path:
        return (*self.path, "template", "spec")

    @property
    def container_path(self) -> Path:
        return (*self.pod_path, "containers", 0)

    @property
    def params(self) -> dict[str, str]:
        return self.spec.ray_start_params

    def param_path(self, name: str) -> Path:
        return (*self.path, "rayStartParams", name)

    @property
    def limits(self) -> dict[str, Quantity]:
        """Of the Ray container, and what it doesn't say of the whole pod."""
        return self.pod.ray_resources.limits

    @property
    def requests(self) -> dict[str, Quantity]:
        """Of the Ray container, and what it doesn't say of the whole pod."""
        return self.pod.ray_resources.requests

    def limit_path(self, name: str) -> Path:
        return (*self.container_path, "resources", "limits", name)

    def request_path(self, name: str) -> Path:
        return (*self.container_path, "resources", "requests", name)

    def env(self, name: str) -> str | None:
        """The literal value of a variable of the Ray container; "" when it comes from elsewhere, None when not set."""
        return next((variable.value for variable in self.container.env if variable.name == name), None)

    def containers(self) -> Iterator[tuple[Path, Container]]:
        """Every container of the pod and where it stands, the Ray container first."""
        for key, containers in (("containers", self.pod.containers), ("initContainers", self.pod.init_containers)):
            for index, container in enumerate(containers):
                yield (*self.pod_path, key, index), container


class ClusterContext(msgspec.Struct, frozen=True):
    """One RayClusterSpec, of a RayCluster or inside a RayJob, RayService or RayCronJob.

    name, kind: of the document. path: where the spec stands in it. groups: the head first.
    annotations: of the document. beside: the file's documents of other kinds.
    """

    name: str
    kind: str
    api_version: str
    spec: RayClusterSpec
    path: Path
    groups: tuple[Group, ...]
    node: Node
    annotations: dict[str, str]
    beside: tuple[Document, ...] = ()

    @property
    def head(self) -> Group:
        return self.groups[0]

    @property
    def ray_version(self) -> str:
        """As the spec says, else the head's image; "" where neither does."""
        return self.spec.ray_version or ray_of(self.head.container.image)

    @property
    def workers(self) -> tuple[Group, ...]:
        return self.groups[1:]


class FileContext(msgspec.Struct, frozen=True):
    """One cluster.yaml."""

    spec: ClusterFile
    node: Node


def clusters_of(parsed: Parsed) -> Iterator[ClusterContext | FileContext]:
    """Every cluster of a file that has no errors, in order."""
    beside = tuple(document for document in parsed.documents if isinstance(document.spec, Other))
    for document in parsed.documents:
        spec = document.spec
        if isinstance(spec, ClusterFile):
            yield FileContext(spec, document.node)
        elif not isinstance(spec, Other):
            context = cluster_context(spec, document.node, beside)
            if context is not None:
                yield context


def cluster_context(
    spec: RayCluster | RayJob | RayService | RayCronJob, node: Node, beside: tuple[Document, ...] = ()
) -> ClusterContext | None:
    """The cluster of a document; None for a job on an existing cluster."""
    found = cluster_spec(spec)
    if found is None:
        return None
    path, cluster = found
    meta, groups = spec.metadata, tuple(_groups(cluster, path))
    return ClusterContext(meta.name, spec.kind, spec.api_version, cluster, path, groups, node, meta.annotations, beside)


def cluster_spec(spec: RayCluster | RayJob | RayService | RayCronJob) -> tuple[Path, RayClusterSpec] | None:
    """The RayClusterSpec of a document and where it stands; None for a job on an existing cluster."""
    if isinstance(spec, RayCluster):
        return ("spec",), spec.spec
    if isinstance(spec, RayService):
        return ("spec", "rayClusterConfig"), spec.spec.ray_cluster_spec
    path: Path = ("spec",) if isinstance(spec, RayJob) else ("spec", "jobTemplate")
    job = spec.spec if isinstance(spec, RayJob) else spec.spec.job_template
    return None if job.ray_cluster_spec is None else ((*path, "rayClusterSpec"), job.ray_cluster_spec)


def _groups(cluster: RayClusterSpec, path: Path) -> Iterator[Group]:
    head = cluster.head_group_spec
    if head.template.spec is not None:
        yield Group("headgroup", (*path, "headGroupSpec"), head, head.template.spec)
    for index, worker in enumerate(cluster.worker_group_specs):
        if worker.template.spec is not None:
            yield Group(worker.group_name, (*path, "workerGroupSpecs", index), worker, worker.template.spec)
