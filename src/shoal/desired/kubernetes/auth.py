"""Whether whoever reaches a cluster has to say who he is: decided here for its pods and its objects alike."""

from shoal.desired.kubernetes.names import check_name
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.ray_version import TOKENS_SINCE, numbers
from shoal.spec.raycluster import AuthOptions, RayCluster

TOKEN_KEY = "auth_token"  # noqa: S105
"""Of a Secret's data: where the token stands."""
MODE_VARIABLE = "RAY_AUTH_MODE"


def token_auth(cluster: RayCluster, settings: Settings) -> bool:
    """Whether the operator makes the cluster's pods ask for tokens (``RAY_AUTH_MODE=token``).

    ``authOptions`` without a mode mean yes, and so does profile ``secure`` where the manifest says nothing. Never where
    the head's container sets RAY_AUTH_MODE itself, nor for a Ray that knows no tokens.
    """
    version = numbers(cluster.spec.ray_version)
    if version and version < TOKENS_SINCE:
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


def asks_for_token(cluster: RayCluster, settings: Settings) -> bool:
    """Whether the cluster refuses who has no token, by the operator's doing or by its own pod template."""
    return token_auth(cluster, settings) or _mode_in_template(cluster) == "token"


def _mode_in_template(cluster: RayCluster) -> str | None:
    """What the head's container sets RAY_AUTH_MODE to; None when it doesn't."""
    pod = cluster.spec.head_group_spec.template.spec
    if pod is None or not pod.containers:
        return None
    return next((variable.value for variable in pod.containers[0].env if variable.name == MODE_VARIABLE), None)
