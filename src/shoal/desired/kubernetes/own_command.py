"""Whether a pod runs what its manifest says, in place of the generated ``ray start``."""

from shoal.desired.from_raycluster import ray_container
from shoal.desired.kubernetes.labels import OVERWRITE_COMMAND
from shoal.spec.raycluster import HeadGroupSpec, RayCluster, WorkerGroupSpec


def overwrites_command(cluster: RayCluster, group: HeadGroupSpec | WorkerGroupSpec) -> bool:
    """Whether an annotation says that the manifest's own command is to stay as it is."""
    noted = (cluster.metadata.annotations, group.template.metadata.annotations)
    return any(annotations.get(OVERWRITE_COMMAND, "").lower() == "true" for annotations in noted)


def has_own_command(cluster: RayCluster, group: HeadGroupSpec | WorkerGroupSpec) -> bool:
    """Whether nothing is generated: the manifest says so, or starts Ray itself."""
    return overwrites_command(cluster, group) or "ray start" in own_words(group)


def own_words(group: HeadGroupSpec | WorkerGroupSpec) -> str:
    """The command that the manifest gives the Ray container; "" for none."""
    container = ray_container(group.template)
    return " ".join((*container.command, *container.args))
