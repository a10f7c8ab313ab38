"""What the types don't say: how server-side apply merges, which defaults are written, what is left open."""

from typing import Any

import msgspec

from shoal.spec.kubernetes import container, disks, meta, pod, service, volumes
from shoal.spec.raycluster import NetworkPolicyOptions, RayClusterStatus, WorkerGroupSpec
from shoal.spec.rayjob import DeletionCondition, RayJobSpec, RayJobStatus
from shoal.spec.rayservice import ClusterUpgradeOptions, RayServiceStatus

Place = tuple[type[msgspec.Struct], str]
"""A Struct and the name of one of its fields on the wire."""

LIST_KEYS: dict[Place, tuple[str, ...]] = {
    (container.Container, "env"): ("name",),
    (container.Container, "ports"): ("containerPort", "protocol"),
    (container.Container, "volumeMounts"): ("mountPath",),
    (container.Container, "volumeDevices"): ("devicePath",),
    (container.ResourceRequirements, "claims"): ("name",),
    (pod.PodSpec, "containers"): ("name",),
    (pod.PodSpec, "initContainers"): ("name",),
    (pod.PodSpec, "ephemeralContainers"): ("name",),
    (pod.PodSpec, "volumes"): ("name",),
    (pod.PodSpec, "imagePullSecrets"): ("name",),
    (pod.PodSpec, "hostAliases"): ("ip",),
    (pod.PodSpec, "resourceClaims"): ("name",),
    (pod.PodSpec, "schedulingGates"): ("name",),
    (pod.PodSpec, "topologySpreadConstraints"): ("topologyKey", "whenUnsatisfiable"),
    (service.ServiceSpec, "ports"): ("port", "protocol"),
    (service.ServiceStatus, "conditions"): ("type",),
    (RayClusterStatus, "conditions"): ("type",),
    (RayServiceStatus, "conditions"): ("type",),
    (NetworkPolicyOptions, "workerGroups"): ("groupName",),
}
"""Lists whose items server-side apply tells apart by these keys; all others are replaced whole."""

ATOMIC: frozenset[type[msgspec.Struct]] = frozenset(
    {
        container.KeySelector,
        container.FileKeySelector,
        container.ObjectFieldSelector,
        container.ResourceFieldSelector,
        container.EnvSource,
        meta.LabelSelector,
        meta.LocalObjectReference,
        meta.NodeSelector,
        meta.NodeSelectorTerm,
        volumes.ConfigMapVolume,
    }
)
"""Objects that server-side apply replaces whole."""
ATOMIC_FIELDS: frozenset[Place] = frozenset({(pod.PodSpec, "nodeSelector"), (service.ServiceSpec, "selector")})

DEFAULTS: dict[Place, Any] = {
    (WorkerGroupSpec, "replicas"): 0,
    (WorkerGroupSpec, "minReplicas"): 0,
    (WorkerGroupSpec, "maxReplicas"): 2**31 - 1,
    (WorkerGroupSpec, "numOfHosts"): 1,
    (WorkerGroupSpec, "priority"): 0,
    (NetworkPolicyOptions, "mode"): "DenyAll",
    (RayJobSpec, "submissionMode"): "K8sJobMode",
    (RayJobSpec, "backoffLimit"): 0,
    (RayJobSpec, "ttlSecondsAfterFinished"): 0,
    (DeletionCondition, "ttlSeconds"): 0,
    (ClusterUpgradeOptions, "maxSurgePercent"): 100,
    (RayJobStatus, "succeeded"): 0,
    (RayJobStatus, "failed"): 0,
    # A key of a list has to be there.
    (container.ContainerPort, "protocol"): "TCP",
    (service.ServicePort, "protocol"): "TCP",
    (meta.LocalObjectReference, "name"): "",
}
"""Written by the API server where a field is absent. Ray's autoscaler reads and patches some of these by key."""

OPEN: dict[type[msgspec.Struct], tuple[str, ...]] = {
    **{struct: () for struct in vars(disks).values() if getattr(struct, "__module__", "") == disks.__name__},
    **dict.fromkeys((container.Lifecycle, container.Probe, container.SELinuxOptions, container.WindowsOptions), ()),
    **dict.fromkeys((container.ContainerResizePolicy, container.ContainerRestartRule), ()),
    **dict.fromkeys((volumes.EphemeralVolume, volumes.ProjectedVolume, volumes.DownwardAPIVolume), ()),
    **dict.fromkeys((pod.Affinity, pod.DNSConfig, pod.SchedulingGroup), ()),
    container.EphemeralContainer: ("name",),
    pod.TopologySpreadConstraint: ("topologyKey", "whenUnsatisfiable"),
    pod.PodResourceClaim: ("name",),
}
"""Types of a pod whose inside the definitions leave open, because a definition has to stay small; and the fields of
them that are said all the same, because a list is keyed by them."""
