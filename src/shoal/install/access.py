"""The operator's account, and the roles that give it its permissions."""

from typing import Any

from shoal.install.options import NAME, Options, metadata
from shoal.install.permissions import OF_CLUSTERS, OF_ITSELF, RBAC, rules

API = f"{RBAC}/v1"
LEASES_ROLE = f"{NAME}-lease"


def account(options: Options) -> dict[str, Any]:
    """The ServiceAccount. Its token is mounted where the pod asks for it, nowhere else."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(options, NAME, options.namespace),
        "automountServiceAccountToken": False,
    }


def roles(options: Options) -> list[dict[str, Any]]:
    """What it may do about clusters, everywhere or in each watched namespace, and about its Lease in its own."""
    own = _pair(options, LEASES_ROLE, options.namespace, rules(OF_ITSELF))
    if not options.watch:
        return [*_pair(options, NAME, "", rules(OF_CLUSTERS)), *own]
    watched = [one for namespace in options.watch for one in _pair(options, NAME, namespace, rules(OF_CLUSTERS))]
    return [*watched, *own]


def _pair(options: Options, name: str, namespace: str, granted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A Role and its RoleBinding; a ClusterRole and a ClusterRoleBinding where no namespace is named."""
    scope = "" if namespace else "Cluster"
    meta = metadata(options, name, namespace)
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": options.namespace}
    return [
        {"apiVersion": API, "kind": f"{scope}Role", "metadata": meta, "rules": granted},
        {
            "apiVersion": API,
            "kind": f"{scope}RoleBinding",
            "metadata": meta,
            "roleRef": {"apiGroup": RBAC, "kind": f"{scope}Role", "name": name},
            "subjects": [subject],
        },
    ]
