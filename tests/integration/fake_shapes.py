"""What the objects of random sequences look like, kind by kind."""

from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

import msgspec

Obj = dict[str, Any]
T = TypeVar("T")
Make = Callable[[Random], Obj]


class Shape(msgspec.Struct, frozen=True):
    """One resource in sequences.

    make: a new object's fields besides metadata. edit: a merge patch. part: what a manager applies.
    status: a merge patch of the status, None without a subresource. kept: whether controllers look after its metadata
    or a PUT without what the server added is refused, so that sequences only edit it, and never delete it.
    """

    resource: str
    version: str
    kind: str
    make: Make
    edit: Make
    part: Make
    status: Make | None = None
    kept: bool = False

    @property
    def path(self) -> str:
        """The collection's, with NS for the namespace."""
        plural, _, _ = self.resource.partition(".")
        base = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        return f"{base}/namespaces/NS/{plural}"


def some(rng: Random, **fields: Any) -> Obj:
    """Some of the fields, not all."""
    return {name: value for name, value in fields.items() if rng.random() < 0.6}


def one(rng: Random, *choices: T) -> T:
    """Any of them."""
    return rng.choice(choices)


def _config(rng: Random) -> Obj:
    return {"data": some(rng, a=one(rng, "1", "2"), b=one(rng, "1", "2"), c="")}


def _config_edit(rng: Random) -> Obj:
    return one(
        rng, {"data": {"a": "3"}}, {"data": {"b": None}}, {"data": None}, {"data": {"d": "x"}}, {"immutable": True}
    )


def _secret(rng: Random) -> Obj:
    return one(rng, {"stringData": {"a": "1"}}, {"data": {"a": "MQ==", "b": "Mg=="}}, {"type": "example.com/t"}, {})


def _secret_edit(rng: Random) -> Obj:
    return one(
        rng, {"stringData": {"b": "2"}}, {"data": {"a": "Mw=="}}, {"type": "example.com/u"}, {"data": {"a": None}}
    )


def _ports(rng: Random) -> list[Obj]:
    ports: list[Obj] = [{"name": "a", "port": 80}]
    if rng.random() < 0.5:
        ports.append({"name": "b", "port": 81, "targetPort": one(rng, 8081, "web"), "protocol": one(rng, "TCP", "UDP")})
    return ports


def _service(rng: Random) -> Obj:
    spec: Obj = {"ports": _ports(rng)} | some(rng, publishNotReadyAddresses=True)
    if rng.random() < 0.3:
        spec["clusterIP"] = "None"
    return {"spec": spec}


def _service_edit(rng: Random) -> Obj:
    return {
        "spec": one(
            rng,
            {"ports": _ports(rng)},
            {"publishNotReadyAddresses": None},
            {"sessionAffinity": "ClientIP"},
            {"type": "NodePort"},
            {"clusterIP": "10.200.0.9"},
        )
    }


def _container(rng: Random, name: str) -> Obj:
    return {
        "name": name,
        "image": one(rng, "a:1", "a", "b/c:latest"),
        **some(
            rng,
            env=[{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
            ports=[{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}, {"containerPort": 81, "name": "x"}],
            resources={"limits": {"cpu": "1", "memory": "1Gi"}, **some(rng, requests={"cpu": "500m"})},
            readinessProbe={"httpGet": {"path": "/z", "port": 80}},
            volumeMounts=[{"name": "v", "mountPath": "/v"}],
            command=["a", "b"],
            securityContext={"runAsNonRoot": True},
        ),
    }


def _pod_spec(rng: Random) -> Obj:
    names = one(rng, ["c"], ["c", "d"])
    return {
        "schedulerName": "nobody",
        "automountServiceAccountToken": False,
        "containers": [_container(rng, name) for name in names],
        "volumes": [
            {"name": "v", **one(rng, {"emptyDir": {}}, {})},
            *one(rng, [], [{"name": "w", "secret": {"secretName": "s"}}]),
        ],
        **some(
            rng,
            terminationGracePeriodSeconds=one(rng, 0, 7),
            restartPolicy=one(rng, "Never", "OnFailure"),
            nodeName="NS",
            initContainers=[{"name": "i", "image": "i:1", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}],
            tolerations=[{"key": "k", "operator": "Exists"}],
            nodeSelector={"a": "b"},
        ),
    }


def _pod(rng: Random) -> Obj:
    return {"spec": _pod_spec(rng)}


def _pod_edit(rng: Random) -> Obj:
    return {"spec": one(rng, {"activeDeadlineSeconds": 100}, {"restartPolicy": "Always"}, {"priority": 7})}


def _pod_part(rng: Random) -> Obj:
    return {"spec": {"schedulerName": "nobody", "containers": [{"name": "c", "image": one(rng, "x:1", "x:2")}]}}


def _condition(rng: Random) -> Obj:
    return {"type": one(rng, "Ready", "A"), "status": one(rng, "True", "False"), "reason": "R"}


def _pod_status(rng: Random) -> Obj:
    return {
        "phase": one(rng, "Running", "Failed", "Succeeded"),
        **some(rng, podIP="10.1.2.3", podIPs=[{"ip": "10.1.2.3"}], message="m", conditions=[_condition(rng)]),
    }


def _ray(rng: Random) -> Obj:
    return {
        "spec": {
            "managedBy": "kueue.x-k8s.io/multikueue",
            "headGroupSpec": {
                "template": {"spec": {"containers": [{"name": "h", "image": "r"}]}},
                "rayStartParams": {},
            },
            **some(
                rng, rayVersion=one(rng, "2.60.0", "2.59.0"), workerGroupSpecs=_groups(rng), unknown={"a": {"b": 1}}
            ),
        }
    }


def _groups(rng: Random) -> list[Obj]:
    return [
        {
            "groupName": name,
            "rayStartParams": some(rng, a="1"),
            "template": {"spec": {"containers": [{"name": "w"}]}},
            **some(rng, replicas=one(rng, 1, 2), maxReplicas=5),
        }
        for name in one(rng, ["a"], ["a", "b"], ["b"])
    ]


def _ray_edit(rng: Random) -> Obj:
    return {
        "spec": one(
            rng,
            {"suspend": True},
            {"suspend": None},
            {"workerGroupSpecs": _groups(rng)},
            {"unknown": {"a": {"b": None}, "c": [1, 2]}},
            {"headGroupSpec": {"rayStartParams": {"x": "y"}}},
            {"rayVersion": None},
        )
    }


def _ray_part(rng: Random) -> Obj:
    head = {"template": {"spec": {"containers": [{"name": "h", "image": one(rng, "r", "s")}]}}}
    more = {name: value for name, value in _ray_edit(rng)["spec"].items() if value is not None}
    return {"spec": more | {"managedBy": "kueue.x-k8s.io/multikueue", "headGroupSpec": head}}


def _ray_status(rng: Random) -> Obj:
    return {
        **some(
            rng, state=one(rng, "ready", "suspended"), desiredWorkerReplicas=one(rng, 1, 2), head={"podIP": "1.2.3.4"}
        ),
        **some(rng, conditions=[_condition(rng) | {"message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]),
    }


def _lease(rng: Random) -> Obj:
    return {"spec": some(rng, holderIdentity=one(rng, "a", "b"), leaseDurationSeconds=15, leaseTransitions=1)}


def _lease_edit(rng: Random) -> Obj:
    return {
        "spec": one(rng, {"holderIdentity": "c"}, {"leaseTransitions": 2}, {"renewTime": "2026-01-01T00:00:00.000000Z"})
    }


def _account(rng: Random) -> Obj:
    return some(rng, automountServiceAccountToken=False, imagePullSecrets=[{"name": "p"}], secrets=[{"name": "s"}])


def _rules(rng: Random) -> list[Obj]:
    return [{"apiGroups": [""], "resources": [one(rng, "pods", "secrets")], "verbs": ["get"]}]


def _role(rng: Random) -> Obj:
    return {"rules": _rules(rng)}


def _binding(rng: Random) -> Obj:
    return {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": one(rng, "r", "r", "r", "q")},
        "subjects": [
            one(rng, {"kind": "ServiceAccount", "name": "x", "namespace": "y"}, {"kind": "User", "name": "u"})
        ],
    }


def _policy(rng: Random) -> Obj:
    return {
        "spec": {
            "podSelector": one(rng, {}, {"matchLabels": {"a": "b"}}),
            **some(
                rng,
                ingress=[{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}, {}],
                egress=[{"to": [{"namespaceSelector": {}}]}],
            ),
        }
    }


def _policy_edit(rng: Random) -> Obj:
    return {
        "spec": one(rng, {"podSelector": {"matchLabels": {"c": "d"}}}, {"ingress": None}, {"policyTypes": ["Egress"]})
    }


def _ingress(rng: Random) -> Obj:
    backend = {"service": {"name": "s", "port": {"number": one(rng, 80, 81)}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {
        "spec": {
            "rules": [{"host": "a.example.com", "http": {"paths": [path]}}],
            **some(rng, ingressClassName="nginx", tls=[{"hosts": ["a.example.com"], "secretName": "t"}]),
        }
    }


def _ingress_status(rng: Random) -> Obj:
    return {"loadBalancer": one(rng, {"ingress": [{"ip": "1.2.3.4"}]}, {})}


def _job(rng: Random) -> Obj:
    template = {"spec": _pod_spec(rng) | {"restartPolicy": "Never"}}
    return {"spec": {"managedBy": "example.com/x", "template": template, **some(rng, backoffLimit=2, suspend=True)}}


def _job_edit(rng: Random) -> Obj:
    return {"spec": one(rng, {"backoffLimit": 3}, {"suspend": True}, {"ttlSecondsAfterFinished": 9999})}


def _job_status(rng: Random) -> Obj:
    return {"active": one(rng, 1, 2)}


def _event(rng: Random) -> Obj:
    return {
        "involvedObject": {"kind": "Pod", "namespace": "NS", "name": one(rng, "a", "b")},
        **some(rng, reason=one(rng, "A", "B"), message="m", type="Normal", count=1, source={"component": "c"}),
    }


def _event_edit(rng: Random) -> Obj:
    return one(rng, {"count": 2}, {"message": "n"}, {"lastTimestamp": "2026-01-01T00:00:00Z"})


def _claim(rng: Random) -> Obj:
    return {
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": one(rng, "1Gi", "2Gi")}},
            "storageClassName": "none",
            **some(rng, volumeMode="Filesystem"),
        }
    }


def _slice(rng: Random) -> Obj:
    return {
        "addressType": "IPv4",
        "endpoints": [{"addresses": [one(rng, "10.1.1.1", "10.1.1.2")], **some(rng, conditions={"ready": True})}],
        **some(rng, ports=[{"name": "a", "port": 80}]),
    }


RBAC = "rbac.authorization.k8s.io"
NET = "networking.k8s.io"
SHAPES = (
    Shape("configmaps", "v1", "ConfigMap", _config, _config_edit, _config),
    Shape("secrets", "v1", "Secret", _secret, _secret_edit, _secret),
    Shape("services", "v1", "Service", _service, _service_edit, _service, _ingress_status),
    Shape("pods", "v1", "Pod", _pod, _pod_edit, _pod_part, _pod_status),
    Shape("rayclusters.ray.io", "ray.io/v1", "RayCluster", _ray, _ray_edit, _ray_part, _ray_status),
    Shape("rayclusters.ray.io", "ray.io/v1alpha1", "RayCluster", _ray, _ray_edit, _ray_part, _ray_status),
    Shape("leases.coordination.k8s.io", "coordination.k8s.io/v1", "Lease", _lease, _lease_edit, _lease),
    Shape("serviceaccounts", "v1", "ServiceAccount", _account, _account, _account),
    Shape(f"roles.{RBAC}", f"{RBAC}/v1", "Role", _role, _role, _role),
    Shape(f"rolebindings.{RBAC}", f"{RBAC}/v1", "RoleBinding", _binding, _binding, _binding),
    Shape(f"networkpolicies.{NET}", f"{NET}/v1", "NetworkPolicy", _policy, _policy_edit, _policy),
    Shape(f"ingresses.{NET}", f"{NET}/v1", "Ingress", _ingress, _ingress, _ingress, _ingress_status),
    Shape("jobs.batch", "batch/v1", "Job", _job, _job_edit, _job, _job_status, kept=True),
    Shape("events", "v1", "Event", _event, _event_edit, _event),
    Shape("persistentvolumeclaims", "v1", "PersistentVolumeClaim", _claim, _claim, _claim, kept=True),
    Shape("endpointslices.discovery.k8s.io", "discovery.k8s.io/v1", "EndpointSlice", _slice, _slice, _slice),
)
