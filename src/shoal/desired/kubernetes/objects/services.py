"""The Services of a cluster beside its head's: one for hosts of a multi-host group, one for Ray Serve."""

from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes import names
from shoal.desired.kubernetes.labels import CLUSTER, FROM_KIND, FROM_NAME, HEADLESS, NODE_TYPE, SERVE, SERVE_ENABLED
from shoal.desired.kubernetes.objects.labels import common
from shoal.desired.kubernetes.objects.manifest import manifest
from shoal.desired.kubernetes.ports import SERVE as SERVE_PORT
from shoal.desired.kubernetes.ports import head_ports
from shoal.spec.raycluster import RayCluster


def headless_service(cluster: RayCluster) -> DesiredObject | None:
    """Names for the hosts of a replica, which must find each other before they are ready."""
    if all(group.num_of_hosts <= 1 for group in cluster.spec.worker_group_specs):
        return None
    spec = {
        "type": "ClusterIP",
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": {CLUSTER: cluster.metadata.name, NODE_TYPE: "worker"},
    }
    labels = common(cluster) | {HEADLESS: cluster.metadata.name}
    return manifest("Service", names.headless_service(cluster.metadata.name), labels, {"spec": spec})


def serve_service(cluster: RayCluster) -> DesiredObject | None:
    """The Service of a cluster that serves without a RayService: annotation ``ray.io/enable-serve-service: "true"``."""
    if cluster.metadata.annotations.get(SERVE_ENABLED) != "true":
        return None
    port = next((port for port in head_ports(cluster) if port.name == SERVE_PORT), None)
    if port is None:
        return None
    name = cluster.metadata.name
    spec = {"selector": {CLUSTER: name}, "ports": [{"name": port.name, "port": port.number}]}
    if cluster.spec.head_group_spec.service_type:
        spec["type"] = cluster.spec.head_group_spec.service_type
    labels = common(cluster) | {FROM_NAME: name, FROM_KIND: "RayCluster", SERVE: f"{name}-serve"}
    return manifest("Service", f"{name}-serve-svc", labels, {"spec": spec})
