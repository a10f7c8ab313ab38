"""What a pod is made from, as a digest: it changes when the pod would have to be made anew.

It is taken from the manifest and not from the pod, so that a newer operator, which may make pods a little differently,
finds nothing to change about those that run.
"""

from collections.abc import Mapping
from typing import Any

from shoal.desired.cluster import Role, digest
from shoal.desired.kubernetes import certificates, fault_tolerance
from shoal.desired.kubernetes.auth import token_auth, token_secret
from shoal.desired.kubernetes.autoscaler import is_second
from shoal.desired.kubernetes.group import PodGroup
from shoal.desired.kubernetes.own_command import overwrites_command
from shoal.spec.log_store import LOGS_TO

Json = dict[str, Any]

OF_SERVICES = frozenset(("serviceType", "headService", "enableIngress", "ingressOptions"))
OF_SCALING = frozenset(
    (
        "replicas",
        "minReplicas",
        "maxReplicas",
        "scaleStrategy",
        "suspend",
        "idleTimeoutSeconds",
        "priority",
    )
)
READ_WHILE_RUNNING = frozenset(("idleTimeoutSeconds", "upscalingMode"))
"""Options of the autoscaler that it looks up in the RayCluster itself."""
OF_SCHEDULING = frozenset(("tolerations", "schedulingGates"))
"""Fields of a pod that queueing controllers fill in; by them no pod becomes another one."""


def template_digest(group: PodGroup, raw: Json) -> str:
    """Of all that the group's pods are made from. raw: the cluster's ``spec`` as plain JSON."""
    without = OF_SERVICES if group.role is Role.HEAD else OF_SCALING
    template = group.raw["template"]
    pod = template | {"spec": _without(template["spec"], OF_SCHEDULING)}
    spec = group.cluster.spec
    found: Json = {
        "group": _without(group.raw, without) | {"template": pod},
        "version": spec.ray_version,
        "faultTolerant": fault_tolerance.is_fault_tolerant(group.cluster),
        "tls": certificates.has_tls(group.cluster),
        "overwrites": overwrites_command(group.cluster, group.spec),
        "token": [token_auth(group.cluster, group.settings), token_secret(group.cluster)],
        "neverRestarts": is_second(group.cluster),
        "serves": group.serves,
    }
    if LOGS_TO in group.cluster.metadata.annotations:
        found["logsTo"] = group.cluster.metadata.annotations[LOGS_TO]
    return digest(found | (_of_head(group, raw) if group.is_head else _of_workers(group)))


def edition(templates: Mapping[str, str]) -> str:
    """Of the whole cluster's pods. templates: the digest of each group's, by its name."""
    return digest(dict(templates))


def _of_head(group: PodGroup, raw: Json) -> Json:
    found: Json = {"storage": raw.get("gcsFaultToleranceOptions")}
    if fault_tolerance.uses_redis(group.cluster):
        found["storageNamespace"] = fault_tolerance.storage_namespace(group.cluster)
    if group.cluster.spec.enable_in_tree_autoscaling:
        found["autoscaler"] = _without(raw.get("autoscalerOptions") or {}, READ_WHILE_RUNNING)
    return found


def _of_workers(group: PodGroup) -> Json:
    return {"head": [group.head_domain, group.gcs_port]}


def _without(body: Json, names: frozenset[str]) -> Json:
    return {key: value for key, value in body.items() if key not in names}
