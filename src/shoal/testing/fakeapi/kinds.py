"""The kinds that the fake serves, and how each differs from the others."""

import msgspec

from shoal.testing.fakeapi.refusals import PathUnknown

ANY_META: dict[str, tuple[str, ...]] = {
    "metadata.name": ("metadata", "name"),
    "metadata.namespace": ("metadata", "namespace"),
}


class Kind(msgspec.Struct, frozen=True):
    """One kind of object.

    versions: the first is the stored one. has_status: whether there is a /status. counts: whether metadata.generation
    is kept. custom: whether a CustomResourceDefinition made it. unconditional: whether an update without a
    resourceVersion is taken. made_by_update: whether a PUT may create. returned: whether the answer to a delete
    is the object. fields: what a field selector may name, with the path in the object.
    """

    group: str
    versions: tuple[str, ...]
    plural: str
    kind: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    has_status: bool = False
    counts: bool = False
    custom: bool = False
    unconditional: bool = True
    made_by_update: bool = False
    returned: bool = False
    orphans: bool = False
    fields: dict[str, tuple[str, ...]] = msgspec.field(default_factory=lambda: ANY_META)

    @property
    def resource(self) -> str:
        """PLURAL.GROUP: the key of the store."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def api_version(self, version: str) -> str:
        """GROUP/VERSION, as objects spell it."""
        return f"{self.group}/{version}" if self.group else version


def _paths(*names: str) -> dict[str, tuple[str, ...]]:
    return ANY_META | {name: tuple(name.split(".")) for name in names}


_RAY = {"group": "ray.io", "has_status": True, "counts": True, "custom": True, "unconditional": False}
_RBAC = "rbac.authorization.k8s.io"
_NET = "networking.k8s.io"

NAMESPACES = Kind("", ("v1",), "namespaces", "Namespace", ("ns",), False, True, fields=_paths("status.phase"))
PODS = Kind(
    "", ("v1",), "pods", "Pod", ("po",), has_status=True, counts=True, returned=True,
    fields=_paths(
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
)  # fmt: skip
SERVICES = Kind(
    "", ("v1",), "services", "Service", ("svc",), has_status=True, made_by_update=True, returned=True,
    fields=_paths("spec.clusterIP", "spec.type"),
)  # fmt: skip
SERVICE_ACCOUNTS = Kind("", ("v1",), "serviceaccounts", "ServiceAccount", ("sa",), returned=True)
PVCS = Kind("", ("v1",), "persistentvolumeclaims", "PersistentVolumeClaim", ("pvc",), has_status=True, returned=True)
_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
EVENTS = Kind(
    "", ("v1",), "events", "Event", ("ev",), made_by_update=True,
    fields=_paths(
        *(f"involvedObject.{name}" for name in _INVOLVED), "reason", "reportingComponent", "source", "type"
    ),
)  # fmt: skip
CRDS = Kind(
    "apiextensions.k8s.io", ("v1",), "customresourcedefinitions", "CustomResourceDefinition", ("crd", "crds"),
    namespaced=False, has_status=True, counts=True, unconditional=False,
)  # fmt: skip
RAYCLUSTERS = Kind(versions=("v1", "v1alpha1"), plural="rayclusters", kind="RayCluster", **_RAY)  # type: ignore[arg-type]
RAY_KINDS = (
    RAYCLUSTERS,
    Kind(versions=("v1", "v1alpha1"), plural="rayjobs", kind="RayJob", **_RAY),  # type: ignore[arg-type]
    Kind(versions=("v1", "v1alpha1"), plural="rayservices", kind="RayService", **_RAY),  # type: ignore[arg-type]
    Kind(versions=("v1",), plural="raycronjobs", kind="RayCronJob", **_RAY),  # type: ignore[arg-type]
)
KINDS = (
    NAMESPACES,
    PODS,
    SERVICES,
    Kind("", ("v1",), "secrets", "Secret", fields=_paths("type")),
    Kind("", ("v1",), "configmaps", "ConfigMap", ("cm",)),
    SERVICE_ACCOUNTS,
    PVCS,
    EVENTS,
    Kind(_RBAC, ("v1",), "roles", "Role", made_by_update=True),
    Kind(_RBAC, ("v1",), "rolebindings", "RoleBinding", made_by_update=True),
    Kind(_NET, ("v1",), "networkpolicies", "NetworkPolicy", ("netpol",), counts=True),
    Kind(_NET, ("v1",), "ingresses", "Ingress", ("ing",), has_status=True, counts=True),
    Kind(
        "batch", ("v1",), "jobs", "Job", has_status=True, counts=True, orphans=True, fields=_paths("status.successful")
    ),
    Kind("coordination.k8s.io", ("v1",), "leases", "Lease", made_by_update=True, unconditional=False),
    Kind("discovery.k8s.io", ("v1",), "endpointslices", "EndpointSlice", counts=True),
    CRDS,
    *RAY_KINDS,
)
BY_PLURAL = {(kind.group, version, kind.plural): kind for kind in KINDS for version in kind.versions}
BY_KIND = {(kind.api_version(version), kind.kind): kind for kind in KINDS for version in kind.versions}
BY_RESOURCE = {kind.resource: kind for kind in KINDS}


def kind_at(group: str, version: str, plural: str) -> Kind:
    """The kind served there. Raises PathUnknown."""
    kind = BY_PLURAL.get((group, version, plural))
    if kind is None:
        raise PathUnknown
    return kind
