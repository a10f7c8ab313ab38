"""Objects of a manifest that are none of Ray's kinds, and the kinds we know of."""

import msgspec


class Other(msgspec.Struct, frozen=True):
    """Something that may stand beside a cluster in its file: a Service, a ConfigMap..."""

    api_version: str
    kind: str
    name: str


# fmt: off
KNOWN_KINDS = frozenset(
    (
        "CSIDriver", "ClusterQueue", "ClusterRole", "ClusterRoleBinding", "ConfigMap", "ControllerRevision",
        "CronJob", "CustomResourceDefinition", "DaemonSet", "Deployment", "DeviceClass", "EndpointSlice",
        "Endpoints", "Event", "Gateway", "GatewayClass", "HTTPRoute", "HorizontalPodAutoscaler", "Ingress",
        "IngressClass", "Job", "Lease", "LimitRange", "List", "LocalQueue", "MutatingWebhookConfiguration",
        "Namespace", "NetworkPolicy", "Node", "PersistentVolume", "PersistentVolumeClaim", "Pod",
        "PodDisruptionBudget", "PodMonitor", "PodTemplate", "PriorityClass", "ReplicaSet", "ReplicationController",
        "ResourceClaim", "ResourceClaimTemplate", "ResourceFlavor", "ResourceQuota", "Role", "RoleBinding",
        "RuntimeClass", "Secret", "Service", "ServiceAccount", "ServiceMonitor", "StatefulSet", "StorageClass",
        "ValidatingWebhookConfiguration", "VolumeAttributesClass",
    )
)
# fmt: on
