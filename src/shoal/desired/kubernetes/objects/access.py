"""What says who may do what: the token of a cluster, and the rights of Ray's own autoscaler."""

from typing import Any

from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes import names
from shoal.desired.kubernetes.auth import TOKEN_KEY, token_auth, token_secret
from shoal.desired.kubernetes.objects.labels import common
from shoal.desired.kubernetes.objects.manifest import manifest
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.powers import RESIZES_IN_PLACE
from shoal.spec.raycluster import RayCluster

RBAC = "rbac.authorization.k8s.io"


def token(cluster: RayCluster, settings: Settings) -> DesiredObject | None:
    """The Secret with the cluster's token; None when none is asked for, or when it is somebody else's."""
    options = cluster.spec.auth_options
    is_given = options is not None and bool(options.secret_name)
    name = token_secret(cluster)
    if is_given or not name or not token_auth(cluster, settings):
        return None
    return manifest("Secret", name, common(cluster), {"type": "Opaque"}, generated=(TOKEN_KEY,))


def autoscaler_rights(cluster: RayCluster) -> tuple[DesiredObject, ...]:
    """The service account, Role and RoleBinding of a cluster with ``enableInTreeAutoscaling``.

    A service account that the head's template names is its author's to make.
    """
    if not cluster.spec.enable_in_tree_autoscaling:
        return ()
    name, account = names.check_name(cluster.metadata.name), names.service_account(cluster)
    labels = common(cluster)
    subject = {"kind": "ServiceAccount", "name": account, "namespace": cluster.metadata.namespace or "default"}
    role = {"apiGroup": RBAC, "kind": "Role", "name": name}
    rights = (
        manifest("Role", name, labels, {"rules": _rules(cluster)}, api=f"{RBAC}/v1"),
        manifest("RoleBinding", name, labels, {"roleRef": role, "subjects": [subject]}, api=f"{RBAC}/v1"),
    )
    pod = cluster.spec.head_group_spec.template.spec
    if pod is not None and pod.service_account_name:
        return rights
    return (manifest("ServiceAccount", name, labels, {}), *rights)


def _rules(cluster: RayCluster) -> list[dict[str, Any]]:
    """What the autoscaler of Ray 2.60 asks of the API server; of RayClusters only its own.

    It patches pods only to resize them in place, and deletes the cluster only when idle ones are to go. The names of
    pods can't be told beforehand.
    """
    options = cluster.spec.idle_termination_options
    own = ["get", "patch", *(["delete"] if options is not None and options.policy == "Delete" else [])]
    resizes = RESIZES_IN_PLACE in cluster.metadata.annotations
    pods = ["get", "list", "watch", *(["patch"] if resizes else [])]
    rules: list[dict[str, Any]] = [{"apiGroups": [""], "resources": ["pods"], "verbs": pods}]
    if resizes:
        rules.append({"apiGroups": [""], "resources": ["pods/resize"], "verbs": ["patch"]})
    named = [cluster.metadata.name]
    rules.append({"apiGroups": ["ray.io"], "resources": ["rayclusters"], "resourceNames": named, "verbs": own})
    return rules
