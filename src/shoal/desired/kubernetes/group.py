"""One group of like pods: the head, or a worker group, with all that its pods are made from."""

from typing import Any

import msgspec

from shoal.desired.cluster import HEAD_GROUP, Role
from shoal.desired.from_raycluster import ray_container
from shoal.desired.kubernetes.labels import FROM_KIND
from shoal.desired.kubernetes.names import head_domain
from shoal.desired.kubernetes.ports import gcs_port
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.kubernetes.container import Container
from shoal.spec.raycluster import HeadGroupSpec, RayCluster, WorkerGroupSpec


class PodGroup(msgspec.Struct, frozen=True):
    """name: ``headgroup``, or the worker group's. raw: ``spec`` as plain JSON, with the fields that our types lack."""

    cluster: RayCluster
    settings: Settings
    role: Role
    name: str
    spec: HeadGroupSpec | WorkerGroupSpec
    raw: dict[str, Any]

    @property
    def is_head(self) -> bool:
        """Whether it is the head, of which there is one."""
        return self.role is Role.HEAD

    @property
    def ray(self) -> Container:
        """The container that runs Ray."""
        return ray_container(self.spec.template)

    @property
    def raw_ray(self) -> dict[str, Any]:
        """The same as plain JSON."""
        container: dict[str, Any] = self.raw["template"]["spec"]["containers"][0]
        return container

    @property
    def head_domain(self) -> str:
        """Under which name the head is found."""
        return head_domain(self.cluster, self.settings.cluster_domain)

    @property
    def gcs_port(self) -> str:
        """Where the head's GCS listens."""
        return str(gcs_port(self.cluster))

    @property
    def serves(self) -> bool:
        """Whether the cluster belongs to a RayService."""
        return self.cluster.metadata.labels.get(FROM_KIND) == "RayService"


def head_of(cluster: RayCluster, raw: dict[str, Any], settings: Settings) -> PodGroup:
    """The head. raw: the cluster's ``spec`` as plain JSON."""
    return PodGroup(cluster, settings, Role.HEAD, HEAD_GROUP, cluster.spec.head_group_spec, raw["headGroupSpec"])


def workers_of(cluster: RayCluster, raw: dict[str, Any], settings: Settings) -> tuple[PodGroup, ...]:
    """The worker groups, in the manifest's order. raw: the cluster's ``spec`` as plain JSON."""
    return tuple(
        PodGroup(cluster, settings, Role.WORKER, spec.group_name, spec, raw_group)
        for spec, raw_group in zip(cluster.spec.worker_group_specs, raw.get("workerGroupSpecs") or (), strict=True)
    )
