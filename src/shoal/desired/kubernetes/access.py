"""What a container needs to be let in: the cluster's token, a token of Kubernetes, certificates."""

from collections.abc import Iterable
from typing import Any

import msgspec

from shoal.desired.kubernetes import certificates
from shoal.desired.kubernetes.auth import MODE_VARIABLE, TOKEN_KEY, token_auth, token_secret
from shoal.desired.kubernetes.group import PodGroup
from shoal.spec.raycluster import RayCluster

Json = dict[str, Any]

K8S_TOKEN_VARIABLE = "RAY_ENABLE_K8S_TOKEN_AUTH"  # noqa: S105
K8S_TOKEN_VOLUME, K8S_TOKEN_PATH = "ray-token", "/var/run/secrets/ray.io/serviceaccount"
API_VOLUME, API_PATH = "kube-api-access", "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where every client in a pod looks for the token of its service account."""


class Access(msgspec.Struct, frozen=True):
    """variables, mounts: of each container that talks to Ray. volumes: of their pod."""

    variables: tuple[Json, ...] = ()
    mounts: tuple[Json, ...] = ()
    volumes: tuple[Json, ...] = ()


def access_of(group: PodGroup) -> Access:
    """What the containers of the group need."""
    cluster = group.cluster
    parts = [_token(cluster)] if token_auth(cluster, group.settings) else []
    if certificates.has_tls(cluster):
        parts.append(Access(certificates.variables(), certificates.mounts(), certificates.volumes(cluster)))
    return Access(
        tuple(variable for part in parts for variable in part.variables),
        tuple(mount for part in parts for mount in part.mounts),
        tuple(volume for part in parts for volume in part.volumes),
    )


def _token(cluster: RayCluster) -> Access:
    mode = {"name": MODE_VARIABLE, "value": "token"}
    secret = token_secret(cluster)
    if secret:
        source = {"secretKeyRef": {"name": secret, "key": TOKEN_KEY}}
        return Access((mode, {"name": "RAY_AUTH_TOKEN", "valueFrom": source}))
    sources = [{"serviceAccountToken": {"path": "token"}}]
    volume = {"name": K8S_TOKEN_VOLUME, "projected": {"sources": sources}}
    return Access((mode, {"name": K8S_TOKEN_VARIABLE, "value": "true"}), (_mount(volume, K8S_TOKEN_PATH),), (volume,))


def _mount(volume: Json, path: str) -> Json:
    return {"name": volume["name"], "mountPath": path, "readOnly": True}


def asks_kubernetes(group: PodGroup) -> bool:
    """Whether Ray itself asks the API server who may come in, for which its container needs an API token."""
    options = group.cluster.spec.auth_options
    if options is not None and options.enable_k8s_token_auth:
        return True
    return any(variable.name == K8S_TOKEN_VARIABLE for variable in group.ray.env)


def api_volume() -> Json:
    """What Kubernetes mounts in every container unless told not to, to be mounted in one alone."""
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    return {"name": API_VOLUME, "projected": {"sources": sources, "defaultMode": 0o644}}


def added_mounts(given: Iterable[Json], more: Iterable[Json]) -> list[Json]:
    """Mounts of a container with further ones; a path that is taken stays as it is."""
    kept = list(given)
    taken = {mount["mountPath"].rstrip("/") for mount in kept}
    return kept + [mount for mount in more if mount["mountPath"] not in taken]


def added_volumes(given: Iterable[Json], more: Iterable[Json]) -> list[Json]:
    """Volumes of a pod with further ones; a name that is taken stays as it is."""
    kept = list(given)
    taken = {volume["name"] for volume in kept}
    return kept + [volume for volume in more if volume["name"] not in taken]
