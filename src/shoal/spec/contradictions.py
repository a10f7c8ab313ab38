"""What a RayCluster says twice, or says against itself: whichever won, somebody would be surprised.

KubeRay's operator acts on none of these either.
"""

from collections.abc import Iterator, Mapping

from shoal.spec.ray_version import TOKENS_SINCE, numbers
from shoal.spec.raycluster import HeadGroupSpec, RayClusterSpec, WorkerGroupSpec

FT_ENABLED = "ray.io/ft-enabled"
STORAGE_NAMESPACE = "ray.io/external-storage-namespace"
SECOND_AUTOSCALER = "RAY_enable_autoscaler_v2"
SIZES = ("num-cpus", "num-gpus", "memory", "resources")
KUBERNETES_TOKENS_SINCE = (2, 55)
OPTIONS = "gcsFaultToleranceOptions"


def contradictions(spec: RayClusterSpec, annotations: Mapping[str, str]) -> Iterator[str]:
    """Those of one cluster, each with its next step. annotations: its own."""
    yield from _sizes("headGroupSpec", spec.head_group_spec)
    for group in spec.worker_group_specs:
        yield from _worker_group(f"worker group {group.group_name!r}", spec, group)
    yield from _redis(spec, annotations)
    yield from _autoscaler(spec)
    yield from _tokens(spec)


def _sizes(title: str, group: HeadGroupSpec | WorkerGroupSpec) -> Iterator[str]:
    given = [name for name in SIZES if group.ray_start_params.get(name)]
    if given and group.resources:
        yield f"{title} has both resources and rayStartParams.{given[0]} (keep one of them)"


def _worker_group(title: str, spec: RayClusterSpec, group: WorkerGroupSpec) -> Iterator[str]:
    yield from _sizes(title, group)
    if group.min_replicas > group.max_replicas:
        least, most = group.min_replicas, group.max_replicas
        yield f"{title} has minReplicas {least} above maxReplicas {most} (correct one of them)"
    if group.suspend and spec.enable_in_tree_autoscaling:
        yield f"{title} is suspended, and the autoscaler would start it again (switch one of them off)"
    if group.idle_timeout_seconds is not None and not _is_second(spec):
        hint = "write autoscalerOptions.version: v2, or remove it"
        yield f"{title} has idleTimeoutSeconds, which autoscaler v2 alone knows ({hint})"


def _redis(spec: RayClusterSpec, annotations: Mapping[str, str]) -> Iterator[str]:
    params, variables = spec.head_group_spec.ray_start_params, _variables(spec)
    if params.get("redis-username") or "REDIS_USERNAME" in variables:
        yield f"the head itself is given the user name for Redis (write {OPTIONS}.redisUsername in its place)"
    if spec.gcs_fault_tolerance_options is None:
        if "RAY_REDIS_ADDRESS" in variables and annotations.get(FT_ENABLED, "").lower() != "true":
            hint = f"write {OPTIONS}.redisAddress in its place"
            yield f"RAY_REDIS_ADDRESS keeps Ray's state in Redis, and there are no {OPTIONS} ({hint})"
        return
    if annotations.get(FT_ENABLED):
        yield f"the annotation {FT_ENABLED} is given beside {OPTIONS} (remove the annotation)"
    given = {
        f"the annotation {STORAGE_NAMESPACE}": (annotations.get(STORAGE_NAMESPACE), "externalStorageNamespace"),
        "rayStartParams.redis-password": (params.get("redis-password"), "redisPassword"),
        "the head's REDIS_PASSWORD": ("REDIS_PASSWORD" in variables, "redisPassword"),
        "the head's RAY_REDIS_ADDRESS": ("RAY_REDIS_ADDRESS" in variables, "redisAddress"),
    }
    for title, (value, field) in given.items():
        if value:
            yield f"{title} is given beside {OPTIONS} (write {OPTIONS}.{field} in its place)"


def _autoscaler(spec: RayClusterSpec) -> Iterator[str]:
    asked, options = _variables(spec).get(SECOND_AUTOSCALER), spec.autoscaler_options
    if not spec.enable_in_tree_autoscaling:
        if asked in ("1", "true"):
            hint = "switch it on, or remove the variable"
            yield f"{SECOND_AUTOSCALER} chooses an autoscaler, and enableInTreeAutoscaling is false ({hint})"
        return
    if options is not None and options.version is not None and asked is not None:
        yield f"autoscalerOptions.version and {SECOND_AUTOSCALER} both choose the autoscaler (remove the variable)"
    if options is not None and options.version == "v2":
        for template in (spec.head_group_spec.template, *(group.template for group in spec.worker_group_specs)):
            pod = template.spec
            if pod is not None and pod.restart_policy not in ("", "Never"):
                yield f"autoscaler v2 counts pods, and restartPolicy is {pod.restart_policy} (write Never, or nothing)"


def _is_second(spec: RayClusterSpec) -> bool:
    options = spec.autoscaler_options
    return (options is not None and options.version == "v2") or _variables(spec).get(SECOND_AUTOSCALER) in ("1", "true")


def _tokens(spec: RayClusterSpec) -> Iterator[str]:
    options, version = spec.auth_options, numbers(spec.ray_version)
    if options is None:
        return
    if options.mode == "token" and version and version < TOKENS_SINCE:
        yield f"authOptions.mode is token, and Ray {spec.ray_version} knows no tokens (take Ray 2.52 or later)"
    if not options.enable_k8s_token_auth:
        return
    if options.mode != "token":
        yield "authOptions.enableK8sTokenAuth is set, and mode isn't token (write mode: token)"
    elif options.secret_name:
        yield "authOptions.enableK8sTokenAuth and secretName both say which tokens are right (keep one of them)"
    elif version and version < KUBERNETES_TOKENS_SINCE:
        hint = "take Ray 2.55 or later"
        yield f"authOptions.enableK8sTokenAuth is set, and Ray {spec.ray_version} doesn't know it ({hint})"


def _variables(spec: RayClusterSpec) -> dict[str, str]:
    """Of the head's Ray container."""
    pod = spec.head_group_spec.template.spec
    return {variable.name: variable.value for variable in pod.containers[0].env} if pod and pod.containers else {}
