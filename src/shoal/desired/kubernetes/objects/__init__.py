"""The objects that the pods of a RayCluster share, as KubeRay makes them."""

from typing import Any

from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes.objects.access import autoscaler_rights, token
from shoal.desired.kubernetes.objects.authority import authority
from shoal.desired.kubernetes.objects.head_service import head_service
from shoal.desired.kubernetes.objects.ingress import dashboard_way
from shoal.desired.kubernetes.objects.network_policy import network_policies
from shoal.desired.kubernetes.objects.services import headless_service, serve_service
from shoal.desired.kubernetes.objects.storage import gcs_claim
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.raycluster import RayCluster


def objects(cluster: RayCluster, raw: dict[str, Any], settings: Settings) -> tuple[DesiredObject, ...]:
    """Everything that must be there before any pod, in an order that never changes.

    raw: the cluster's ``spec`` as plain JSON, for fields that our types don't know. The manifests have no namespace and
    no owner; whoever writes them knows both.
    """
    single = (
        token(cluster, settings),
        gcs_claim(cluster),
        head_service(cluster, raw),
        headless_service(cluster),
        serve_service(cluster),
        dashboard_way(cluster, raw, settings),
    )
    several = (*authority(cluster), *autoscaler_rights(cluster), *network_policies(cluster, raw, settings))
    return (*(given for given in single if given is not None), *several)
