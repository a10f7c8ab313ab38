"""Whether whoever reaches a cluster has to say who he is: decided here for its pods and its objects alike."""

from shoal.desired.kubernetes.names import check_name
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.images import ray_of
from shoal.spec.kubernetes.container import Container
from shoal.spec.ray_version import knows_tokens
from shoal.spec.raycluster import AuthOptions, RayCluster

TOKEN_KEY = "auth_token"  # noqa: S105
"""Of a Secret's data: where the token stands."""
MODE_VARIABLE = "RAY_AUTH_MODE"


def token_auth(cluster: RayCluster, settings: Settings) -> bool:
    """Whether the operator makes the cluster's pods ask for tokens (``RAY_AUTH_MODE=token``).

    ``authOptions`` without a mode mean yes, and so does profile ``secure`` where the manifest says nothing. Never where
    the head's container sets RAY_AUTH_MODE itself, nor for a Ray that knows no tokens.
    """
    if not knows_tokens(cluster.spec.ray_version or _version_in_template(cluster)):
        return False
    options = cluster.spec.auth_options
    if options is not None and options.mode:
        return options.mode == "token"
    if _mode_in_template(cluster) is not None:
        return False
    return options is not None or settings.secure


def token_secret(cluster: RayCluster) -> str:
    """The Secret whose key ``auth_token`` holds the token of a cluster with token auth; "" where Kubernetes' own tokens
    are asked for."""
    options = cluster.spec.auth_options or AuthOptions()
    if options.enable_k8s_token_auth:
        return ""
    return options.secret_name or check_name(cluster.metadata.name)


def _mode_in_template(cluster: RayCluster) -> str | None:
    """What the head's container sets RAY_AUTH_MODE to; None when it doesn't."""
    ray = _ray_container(cluster)
    env = ray.env if ray is not None else ()
    return next((variable.value for variable in env if variable.name == MODE_VARIABLE), None)


def _version_in_template(cluster: RayCluster) -> str:
    ray = _ray_container(cluster)
    return ray_of(ray.image) if ray is not None else ""


def _ray_container(cluster: RayCluster) -> Container | None:
    pod = cluster.spec.head_group_spec.template.spec
    return pod.containers[0] if pod is not None and pod.containers else None
