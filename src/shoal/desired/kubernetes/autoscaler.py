"""Ray's own autoscaler, as a container beside the head."""

from typing import Any

from shoal.desired.kubernetes.access import API_PATH, API_VOLUME, Access, added_mounts
from shoal.desired.kubernetes.command import SHELL
from shoal.desired.kubernetes.environment import from_pod, identity
from shoal.desired.kubernetes.group import PodGroup
from shoal.spec.raycluster import RayCluster
from shoal.spec.reserved import AUTOSCALER_COMMAND

COMMAND = "ray kuberay-autoscaler --cluster-name $(RAY_CLUSTER_NAME) --cluster-namespace $(RAY_CLUSTER_NAMESPACE)"
# As a container's first process Ray's autoscaler ends on no SIGTERM, and the head would take its whole grace to go.
# What it knows is in Ray's GCS and in the RayCluster: killed, it loses nothing.
UNTIL_TOLD = " & trap 'kill -9 $!' TERM; wait $!"
RESOURCES = {"cpu": "500m", "memory": "512Mi"}
TAKEN_OVER = ("image", "imagePullPolicy", "resources", "securityContext", "envFrom", "command", "args")


def scales(group: PodGroup) -> bool:
    """Whether it is a head with Ray's own autoscaler beside it."""
    return group.is_head and group.cluster.spec.enable_in_tree_autoscaling


def is_second(cluster: RayCluster) -> bool:
    """Whether autoscaler v2 runs, for which a pod that ended must stay so: it counts pods, not their restarts."""
    options = cluster.spec.autoscaler_options
    return cluster.spec.enable_in_tree_autoscaling and options is not None and options.version == "v2"


def autoscaler(group: PodGroup, options: dict[str, Any], access: Access, logs: dict[str, Any]) -> dict[str, Any]:
    """The container. options: ``autoscalerOptions`` as plain JSON; logs: the mount where Ray keeps its logs."""
    own_variables = options.get("env") or []
    taken = {variable["name"] for variable in own_variables}
    variables = [
        *identity(),
        from_pod("RAY_HEAD_POD_NAME", "metadata.name"),
        {"name": "KUBERAY_CRD_VER", "value": "v1"},
        {"name": AUTOSCALER_COMMAND, "value": COMMAND},
        *access.variables,
    ]
    mounts = added_mounts(options.get("volumeMounts") or (), [*access.mounts, logs])
    if mounts_api_token(group):
        mounts = added_mounts(mounts, [{"name": API_VOLUME, "mountPath": API_PATH, "readOnly": True}])
    return {
        "name": "autoscaler",
        "image": group.raw_ray.get("image", ""),
        "imagePullPolicy": "IfNotPresent",
        "command": SHELL,
        "args": [COMMAND + UNTIL_TOLD],
        "env": [*(variable for variable in variables if variable["name"] not in taken), *own_variables],
        "resources": {"limits": RESOURCES, "requests": RESOURCES},
        "volumeMounts": mounts,
        **{key: options[key] for key in TAKEN_OVER if options.get(key)},
    }


def mounts_api_token(group: PodGroup) -> bool:
    """Whether the autoscaler alone gets the token of the service account, and Ray's container none."""
    pod = group.spec.template.spec
    asked = pod.automount_service_account_token if pod is not None else None
    alone = asked is False or (asked is None and group.settings.secure)
    return scales(group) and alone
