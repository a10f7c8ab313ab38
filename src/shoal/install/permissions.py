"""Everything that the operator may do, each with the reason. Nothing else is granted, and nothing here is unused.

There is no ``*``, ``escalate``, ``bind`` or ``impersonate``. A Role for Ray's own autoscaler can be given only by who
holds what it gives, so the operator holds that too.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from shoal.install.leases import OURS
from shoal.install.options import NAME

RBAC = "rbac.authorization.k8s.io"
NETWORKING = "networking.k8s.io"


class Permission(msgspec.Struct, frozen=True):
    """Leave to use ``verbs`` on a resource. group: "" for the core ones; resource: plural, as ``pods`` or ``pods/log``.

    names: only objects with these names; empty: all.
    """

    group: str
    resource: str
    verbs: tuple[str, ...]
    reason: str
    names: tuple[str, ...] = ()


READ = ("get", "list", "watch")
KEEP = ("create", "patch", "delete")
FOLLOWED = "what is there decides what is done"
"""The reason to list and watch. ``get`` looks at one object of a name that was taken."""

OF_CLUSTERS: tuple[Permission, ...] = (
    Permission("ray.io", "rayclusters", READ, "they say what is wanted"),
    Permission("ray.io", "rayclusters", ("patch",), "finalizers; the autoscaler's Role gives it on, for replicas"),
    Permission("ray.io", "rayclusters", ("delete",), "idle ones that are to end; the autoscaler's Role gives it on"),
    Permission("ray.io", "rayclusters/status", ("patch",), "conditions and counts are told there"),
    Permission("ray.io", "rayclusters/finalizers", ("update",), "what a cluster owns may block its deletion"),
    Permission("", "pods", READ, FOLLOWED),
    Permission("", "pods", KEEP, "the nodes of a cluster; patch notes on them that they drain or were taken over"),
    Permission("", "pods/resize", ("patch",), "the autoscaler's Role gives it on, to resize pods in place"),
    Permission("", "services", READ, FOLLOWED),
    Permission("", "services", KEEP, "a cluster's head, its replicas of several hosts and Ray Serve are found by them"),
    Permission("", "secrets", ("get", "create"), "the token of a cluster, made once; they are never listed or changed"),
    Permission("", "persistentvolumeclaims", READ, FOLLOWED),
    Permission("", "persistentvolumeclaims", KEEP, "a GCS that outlives its head keeps its data there"),
    Permission("", "serviceaccounts", READ, FOLLOWED),
    Permission("", "serviceaccounts", KEEP, "of the autoscaler"),
    Permission("", "namespaces", ("get",), "one says whether its clusters may have more than ordinary pods"),
    Permission(
        "admissionregistration.k8s.io",
        "validatingadmissionpolicybindings",
        ("get",),
        "with its own in force the API server judges that already; read at start, where all namespaces are watched",
        (NAME,),
    ),
    Permission("", "events", ("create",), "one for each decision, where `kubectl describe` shows it"),
    Permission(RBAC, "roles", READ, FOLLOWED),
    Permission(RBAC, "roles", KEEP, "of the autoscaler"),
    Permission(RBAC, "rolebindings", READ, FOLLOWED),
    Permission(RBAC, "rolebindings", KEEP, "of the autoscaler"),
    Permission(NETWORKING, "networkpolicies", READ, FOLLOWED),
    Permission(NETWORKING, "networkpolicies", KEEP, "they close a cluster to strangers"),
    Permission(NETWORKING, "ingresses", READ, FOLLOWED),
    Permission(NETWORKING, "ingresses", KEEP, "enableIngress"),
    Permission("route.openshift.io", "routes", READ, FOLLOWED),
    Permission("route.openshift.io", "routes", KEEP, "enableIngress, on OpenShift"),
    Permission("route.openshift.io", "routes/custom-host", ("create", "update"), "ingressOptions may name its host"),
    Permission("batch", "jobs", READ, FOLLOWED),
    Permission("batch", "jobs", KEEP, "one empties Redis after a cluster that kept its GCS there"),
)
"""In each namespace whose clusters it runs."""

OF_ITSELF: tuple[Permission, ...] = (
    Permission("coordination.k8s.io", "leases", ("create",), "one of several operators works; the first makes it"),
    Permission("coordination.k8s.io", "leases", ("get", "update"), "its own Lease, and no other", (OURS,)),
)
"""In its own namespace."""


def rules(permissions: Iterable[Permission]) -> list[dict[str, Any]]:
    """The rules of a Role: one for each resource and choice of names, in the order of the permissions."""
    merged: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for one in permissions:
        verbs = merged.setdefault((one.group, one.resource, one.names), [])
        verbs += [verb for verb in one.verbs if verb not in verbs]
    return [
        {
            "apiGroups": [group],
            "resources": [resource],
            **({"resourceNames": list(names)} if names else {}),
            "verbs": verbs,
        }
        for (group, resource, names), verbs in merged.items()
    ]
