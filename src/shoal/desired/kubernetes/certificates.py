"""TLS between the nodes of a cluster: one authority a cluster, and a certificate that each pod makes for itself.

Ray checks that a certificate holds the address it connects to. Nobody knows a pod's address before the pod is there, so
its own init container makes the certificate, with the authority's key, which no other container of the pod sees.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shoal.spec.raycluster import RayCluster
from shoal.spec.reserved import TLS_PATH, TLS_VARIABLES, TLS_VOLUME

NAME = "make-certificate"
AUTHORITY_VOLUME, AUTHORITY_PATH = "ray-tls-authority", "/etc/ray/authority"
AUTHORITY_KEYS = ("tls.crt", "tls.key")
"""Of the authority's Secret: a certificate that may sign others, signed by its own key, and that key; both PEM."""
TLS_SECRET = "kubernetes.io/tls"  # noqa: S105
RESOURCES = {"cpu": "200m", "memory": "64Mi"}
DAYS = 3650
"""As long as the authority: Ray reads its certificate once, so one that ends before its pod would end the cluster."""
SCRIPT = """\
set -eu
openssl ecparam -name prime256v1 -genkey -noout -out {path}/tls.key
printf 'extendedKeyUsage=serverAuth,clientAuth\\nsubjectAltName=IP:127.0.0.1,DNS:localhost' > {path}/names
for ip in $(echo "$RAY_TLS_ADDRESSES" | tr , ' '); do printf ',IP:%s' "$ip" >> {path}/names; done
for name in {names}; do printf ',DNS:%s' "$name" >> {path}/names; done
openssl req -new -key {path}/tls.key -subj /CN=ray -out {path}/request
openssl x509 -req -in {path}/request -days {days} -set_serial "0x$(openssl rand -hex 16)" -sha256 \\
  -CA {authority}/tls.crt -CAkey {authority}/tls.key -extfile {path}/names -out {path}/tls.crt
cp {authority}/tls.crt {path}/ca.crt
rm {path}/request {path}/names
"""


def has_tls(cluster: RayCluster) -> bool:
    """Whether the traffic between the cluster's nodes is encrypted."""
    options = cluster.spec.tls_options
    return options is not None and bool(options.enabled)


def authority_secret(cluster: RayCluster) -> str:
    """The Secret with the authority's certificate and key, of its own for each life of a cluster."""
    uid = cluster.metadata.uid[:8]
    return f"{cluster.metadata.name}-ca-secret{f'-{uid}' if uid else ''}"


def variables() -> tuple[dict[str, Any], ...]:
    """Of every container that talks to Ray."""
    values = ("1", f"{TLS_PATH}/tls.crt", f"{TLS_PATH}/tls.key", f"{TLS_PATH}/ca.crt")
    return tuple({"name": name, "value": value} for name, value in zip(TLS_VARIABLES, values, strict=True))


def mounts() -> tuple[dict[str, Any], ...]:
    """Of every container that talks to Ray."""
    return ({"name": TLS_VOLUME, "mountPath": TLS_PATH, "readOnly": True},)


def volumes(cluster: RayCluster) -> tuple[dict[str, Any], ...]:
    """Of every pod."""
    own = {"name": TLS_VOLUME, "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}
    return (own, {"name": AUTHORITY_VOLUME, "secret": {"secretName": authority_secret(cluster)}})


def certificate_maker(ray: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The init container that must be the first of every pod.

    ray: the manifest's Ray container, whose image has openssl, as rayproject/ray does. names: under which the pod is
    found, beside its addresses.
    """
    inherited: dict[str, Any] = {key: ray[key] for key in ("image", "imagePullPolicy", "securityContext") if key in ray}
    script = SCRIPT.format(path=TLS_PATH, authority=AUTHORITY_PATH, names=" ".join(names), days=DAYS)
    address = {"fieldRef": {"fieldPath": "status.podIPs"}}
    return {
        "name": NAME,
        **inherited,
        "command": ["/bin/sh", "-c", script],
        "env": [{"name": "RAY_TLS_ADDRESSES", "valueFrom": address}],
        "volumeMounts": [
            {"name": TLS_VOLUME, "mountPath": TLS_PATH},
            {"name": AUTHORITY_VOLUME, "mountPath": AUTHORITY_PATH, "readOnly": True},
        ],
        "resources": {"limits": RESOURCES, "requests": RESOURCES},
    }
