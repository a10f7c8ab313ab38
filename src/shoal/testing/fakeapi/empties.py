"""What an object of each kind has before anyone says anything: fields that its type always writes."""

from shoal.testing.fakeapi.kinds import Kind
from shoal.testing.fakeapi.store import Obj

_EMPTY: dict[str, Obj] = {
    "pods": {"spec": {"containers": None}, "status": {}},
    "services": {"spec": {}, "status": {"loadBalancer": {}}},
    "namespaces": {"spec": {}, "status": {}},
    "persistentvolumeclaims": {"spec": {"resources": {}}, "status": {}},
    "events": {
        "involvedObject": {}, "source": {}, "firstTimestamp": None, "lastTimestamp": None, "eventTime": None,
        "reportingComponent": "", "reportingInstance": "",
    },
    "roles.rbac.authorization.k8s.io": {"rules": None},
    "rolebindings.rbac.authorization.k8s.io": {"roleRef": {"apiGroup": "", "kind": "", "name": ""}},
    "networkpolicies.networking.k8s.io": {"spec": {"podSelector": {}}},
    "ingresses.networking.k8s.io": {"spec": {}, "status": {"loadBalancer": {}}},
    "jobs.batch": {"spec": {"template": {"metadata": {}, "spec": {"containers": None}}}, "status": {}},
    "leases.coordination.k8s.io": {"spec": {}},
    "endpointslices.discovery.k8s.io": {"addressType": "", "endpoints": None, "ports": None},
}  # fmt: skip


def empty(kind: Kind) -> Obj:
    """The object that a new one is compared with to tell what its maker owns."""
    return {"metadata": {}, **_EMPTY.get(kind.resource, {})}
