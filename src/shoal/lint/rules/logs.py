"""Logs: where they are when the pod is gone."""

from collections.abc import Iterator

from shoal.findings import Severity
from shoal.lint.context import ClusterContext, Group
from shoal.lint.facts import Facts
from shoal.lint.rule import Hit, rule
from shoal.spec.log_store import LOGS_TO

FOLDER = "/tmp/ray"  # noqa: S108 (where Ray keeps its logs inside of the pod)


@rule("L171", Severity.NOTE)
def logs_die_with_the_pod(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """Nothing keeps the logs of the head once its pod is gone.

    Ray writes its own logs and those of jobs, tasks and actors to files below /tmp/ray, not to the container's output.
    `kubectl logs` shows none of them, and they vanish with the pod: just when they are needed.

    Let Shoal's operator keep them, on the volume of a claim or in a bucket; `shoal logs NAME --dead` reads them:

        metadata:
          annotations: {shoal.dev/logs-to: "pvc://ray-logs"}

    Or use `historyServerOptions` with KubeRay's history server, or mount a volume there and let a collector beside Ray
    read it:

        containers:
          - name: ray-head
            volumeMounts: [{name: ray-logs, mountPath: /tmp/ray}]
          - name: fluentbit
            volumeMounts: [{name: ray-logs, mountPath: /tmp/ray}]
        volumes: [{name: ray-logs, emptyDir: {}}]

    On this machine `shoal logs NAME --dead` has them.
    """
    asks = cluster.spec.history_server_options is not None or cluster.node.at(("metadata", "annotations", LOGS_TO))
    if not asks and not _keeps_logs(cluster.head):
        message = "the logs of the head vanish with its pod: no collector reads /tmp/ray"
        hint = f"annotate it with `{LOGS_TO}: pvc://CLAIM`, or add a volume on /tmp/ray and a collector that reads it"
        yield Hit(message, cluster.head.pod_path, hint)


@rule("L172", Severity.WARNING)
def logs_go_to_stderr(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`RAY_LOG_TO_STDERR=1` costs more than it gives.

    With it Ray writes no log files at all: the dashboard and `ray logs` show nothing, the history server collects
    nothing, and a driver no longer sees what its tasks print. All that is gained is that `kubectl logs` shows Ray's own
    messages, those of every process mixed. It is a second way to keep logs only where something collects what
    containers print; `shoal logs NAME --dead` can't read that.

    Remove it, and keep the files below /tmp/ray instead (see L171).
    """
    for group in cluster.groups:
        for path, container in group.containers():
            for index, variable in enumerate(container.env):
                if variable.name == "RAY_LOG_TO_STDERR" and variable.value.lower() in ("1", "true"):
                    message = (
                        f"{group.title} writes no log files: the dashboard's logs and the drivers' output stay empty"
                    )
                    hint = "remove it, and collect the files below /tmp/ray"
                    yield Hit(message, (*path, "env", index), hint)


def _keeps_logs(group: Group) -> bool:
    """Whether the folder of the logs is on a volume that another container reads or that outlives the pod."""
    mounts = group.container.volume_mounts
    volumes = {mount.name for mount in mounts if FOLDER.startswith(mount.mount_path.rstrip("/"))}
    others = {mount.name for container in group.pod.containers[1:] for mount in container.volume_mounts}
    sidecars = [container for container in group.pod.init_containers if container.restart_policy == "Always"]
    others |= {mount.name for container in sidecars for mount in container.volume_mounts}
    lasting = {volume.name for volume in group.pod.volumes if _outlives_the_pod(volume.name, group)}
    return bool(volumes & (others | lasting))


def _outlives_the_pod(name: str, group: Group) -> bool:
    volume = next(volume for volume in group.pod.volumes if volume.name == name)
    return volume.empty_dir is None and volume.ephemeral is None
