"""The authority that the certificates of a cluster's nodes come from."""

from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes.certificates import AUTHORITY_KEYS, TLS_SECRET, authority_secret, has_tls
from shoal.desired.kubernetes.objects.labels import common
from shoal.desired.kubernetes.objects.manifest import manifest
from shoal.spec.raycluster import RayCluster


def authority(cluster: RayCluster) -> tuple[DesiredObject, ...]:
    """Its Secret, which whoever creates it fills. Nobody else's authority is asked for, whether there is one or not: a
    cluster whose authority changes under it would fall apart."""
    if not has_tls(cluster):
        return ()
    secret = authority_secret(cluster)
    return (manifest("Secret", secret, common(cluster), {"type": TLS_SECRET}, generated=AUTHORITY_KEYS),)
