"""The authority that the certificates of a cluster's nodes come from."""

from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes.certificates import AUTHORITY_KEYS, DAYS, TLS_SECRET, authority_secret, has_tls
from shoal.desired.kubernetes.objects.labels import common
from shoal.desired.kubernetes.objects.manifest import manifest
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.raycluster import RayCluster

CERT_MANAGER = "cert-manager.io/v1"


def authority(cluster: RayCluster, settings: Settings) -> tuple[DesiredObject, ...]:
    """What makes the authority: cert-manager where there is one, else whoever creates the Secret."""
    if not has_tls(cluster):
        return ()
    name, labels, secret = cluster.metadata.name, common(cluster), authority_secret(cluster)
    if not settings.has_cert_manager:
        return (manifest("Secret", secret, labels, {"type": TLS_SECRET}, generated=AUTHORITY_KEYS),)
    issuer = f"ray-selfsigned-issuer-{name}"
    spec = {
        "secretName": secret,
        "secretTemplate": {"labels": labels},
        "isCA": True,
        "commonName": f"ray-ca-{name}",
        "duration": f"{DAYS * 24}h0m0s",
        "privateKey": {"algorithm": "ECDSA", "size": 256},
        "usages": ["cert sign", "crl sign"],
        "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": issuer},
    }
    return (
        manifest("Issuer", issuer, labels, {"spec": {"selfSigned": {}}}, api=CERT_MANAGER),
        manifest("Certificate", f"ray-ca-certificate-{name}", labels, {"spec": spec}, api=CERT_MANAGER),
    )
