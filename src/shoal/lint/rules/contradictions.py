"""Settings that exclude each other. KubeRay's operator acts on none of these manifests, and neither does ours."""

from collections.abc import Iterator

from shoal.findings import Severity
from shoal.lint.context import ClusterContext
from shoal.lint.facts import Facts
from shoal.lint.rule import Hit, rule
from shoal.spec.ray_version import GROUP_PRIORITIES_SINCE, KUBERNETES_TOKENS_SINCE, numbers
from shoal.spec.raycluster import WorkerGroupSpec

_V2_BY_ENV = "RAY_enable_autoscaler_v2"
_ON = ("1", "true")
_FT_ENABLED = "ray.io/ft-enabled"
_VARIABLES = {
    "RAY_REDIS_ADDRESS": ".redisAddress",
    "REDIS_USERNAME": ".redisUsername",
    "REDIS_PASSWORD": ".redisPassword",
}
_ANNOTATIONS = {_FT_ENABLED: "", "ray.io/external-storage-namespace": ".externalStorageNamespace"}
_OPTIONS = {"redis-username": ".redisUsername", "redis-password": ".redisPassword"}


@rule("L191", Severity.ERROR)
def suspended_group_is_scaled(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A worker group is suspended while Ray's autoscaler is on.

    The autoscaler doesn't know of suspended groups: it would wait for their pods for ever, and give work that fits no
    other group to nobody.

    Set the group's `maxReplicas` to 0 in place of `suspend`, or turn `enableInTreeAutoscaling` off.
    """
    for group in cluster.workers:
        if cluster.spec.enable_in_tree_autoscaling and isinstance(group.spec, WorkerGroupSpec) and group.spec.suspend:
            hint = "set its maxReplicas to 0 in place of suspend, or turn enableInTreeAutoscaling off"
            yield Hit(f"{group.title} is suspended while the autoscaler is on", (*group.path, "suspend"), hint)


@rule("L192", Severity.ERROR)
def setting_of_group_needs_newer_autoscaler(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A worker group has its own `idleTimeoutSeconds` or `priority`, which only the autoscaler's version 2 knows.

    Version 1 has one timeout for all groups, `autoscalerOptions.idleTimeoutSeconds`, and no order among them.
    Priorities came with Ray 2.56.

    Ask for version 2:

        spec:
          autoscalerOptions: {version: v2}
    """
    is_v2 = _names_v2(cluster) or cluster.head.env(_V2_BY_ENV) in _ON
    version = cluster.ray_version
    for group in cluster.workers:
        if not isinstance(group.spec, WorkerGroupSpec):
            continue
        given = {"idleTimeoutSeconds": group.spec.idle_timeout_seconds, "priority": group.spec.priority or None}
        for field, value in given.items():
            if value is not None and not is_v2:
                message = f"{group.title} has its own {field}, which needs the autoscaler's version 2"
                yield Hit(message, (*group.path, field), "set autoscalerOptions.version to v2")
        if group.spec.priority and numbers(version) and numbers(version) < GROUP_PRIORITIES_SINCE:
            message = f"Ray {version} knows no priorities of groups"
            yield Hit(message, (*group.path, "priority"), "use Ray 2.56 or newer, or remove priority")


@rule("L193", Severity.ERROR)
def restarted_container_confuses_autoscaler(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """Containers are restarted under the autoscaler's version 2.

    It takes a pod for one node of Ray. A container that Kubernetes starts again in its pod is another node of Ray,
    which it doesn't count.

    Remove `restartPolicy`, or write `Never`: the operator replaces the whole pod.
    """
    is_on = cluster.spec.enable_in_tree_autoscaling and _names_v2(cluster)
    for group in cluster.groups:
        if is_on and group.pod.restart_policy not in ("", "Never"):
            message = f"restartPolicy of {group.title} is {group.pod.restart_policy} under the autoscaler's version 2"
            yield Hit(message, (*group.pod_path, "restartPolicy"), "remove it, or write Never")


@rule("L194", Severity.ERROR)
def autoscaler_version_is_contradicted(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`RAY_enable_autoscaler_v2` says something else than the spec.

    The variable is how Ray is told; `autoscalerOptions.version` sets it. Given in the head's container it stands
    against that field, or asks for an autoscaler that `enableInTreeAutoscaling` doesn't start.

    Remove the variable, and write:

        spec:
          enableInTreeAutoscaling: true
          autoscalerOptions: {version: v2}
    """
    value = cluster.head.env(_V2_BY_ENV)
    hint = "remove the variable, and set enableInTreeAutoscaling and autoscalerOptions.version"
    options = cluster.spec.autoscaler_options
    if cluster.spec.enable_in_tree_autoscaling:
        if value is not None and options is not None and options.version is not None:
            message = f"the head's variable {_V2_BY_ENV} stands beside autoscalerOptions.version"
            yield Hit(message, (*cluster.head.container_path, "env"), hint)
    elif value in _ON:
        message = f"the head's variable {_V2_BY_ENV} asks for an autoscaler, and enableInTreeAutoscaling is off"
        yield Hit(message, (*cluster.head.container_path, "env"), hint)


@rule("L195", Severity.ERROR)
def redis_is_given_past_its_options(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """Redis is set by a variable, an annotation or an option of `ray start` where `gcsFaultToleranceOptions` belongs.

    The operator sets these itself from `gcsFaultToleranceOptions`, keeps clusters apart in one Redis, and removes what
    they left there. Two places that say it contradict each other sooner or later; a Redis that the operator isn't told
    of is never cleaned.

    Write it there alone:

        spec:
          gcsFaultToleranceOptions:
            redisAddress: redis:6379
            redisUsername: {value: default}
            redisPassword: {valueFrom: {secretKeyRef: {name: redis, key: password}}}
    """
    head, annotations = cluster.head, cluster.annotations
    if cluster.spec.gcs_fault_tolerance_options is not None:
        refused = {*_VARIABLES, *_ANNOTATIONS, *_OPTIONS}
    else:
        annotated = annotations.get(_FT_ENABLED, "").lower() == "true"
        refused = {"REDIS_USERNAME", "redis-username"} | (set() if annotated else {"RAY_REDIS_ADDRESS"})
    env = (*head.container_path, "env")
    given = [
        *((f"the head's variable {name}", name, env) for name in _VARIABLES if head.env(name) is not None),
        *(
            (f"the annotation {name}", name, ("metadata", "annotations"))
            for name in _ANNOTATIONS
            if annotations.get(name)
        ),
        *((f"the head's option {name}", name, head.param_path(name)) for name in _OPTIONS if head.params.get(name)),
    ]
    fields = _VARIABLES | _ANNOTATIONS | _OPTIONS
    for title, name, path in given:
        if name in refused:
            field = f"gcsFaultToleranceOptions{fields[name]}"
            yield Hit(f"{title} says what {field} is for", path, f"remove it, and use {field}")


@rule("L196", Severity.ERROR)
def kubernetes_tokens_lack_something(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`enableK8sTokenAuth` is on without what it needs.

    Tokens of Kubernetes' own need `mode: token` and Ray 2.55 or newer, and no Secret.

    Write:

        spec:
          authOptions: {mode: token, enableK8sTokenAuth: true}
    """
    auth = cluster.spec.auth_options
    if auth is None or not auth.enable_k8s_token_auth:
        return
    path = (*cluster.path, "authOptions")
    version = cluster.ray_version
    if auth.mode != "token":
        yield Hit("enableK8sTokenAuth is on without mode: token", (*path, "enableK8sTokenAuth"), "add `mode: token`")
    if auth.secret_name:
        hint = "remove secretName, or enableK8sTokenAuth"
        yield Hit("enableK8sTokenAuth is on beside a secretName", (*path, "secretName"), hint)
    if numbers(version) and numbers(version) < KUBERNETES_TOKENS_SINCE:
        message = f"Ray {version} takes no tokens of Kubernetes"
        yield Hit(message, (*path, "enableK8sTokenAuth"), "use Ray 2.55 or newer, or remove enableK8sTokenAuth")


def _names_v2(cluster: ClusterContext) -> bool:
    options = cluster.spec.autoscaler_options
    return options is not None and options.version == "v2"
