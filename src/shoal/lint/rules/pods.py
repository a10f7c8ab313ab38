"""What the pods may do, and what they give away."""

from collections.abc import Iterator

from shoal.findings import Path, Severity
from shoal.lint.context import ClusterContext, Group
from shoal.lint.facts import Facts
from shoal.lint.rule import Hit, rule
from shoal.lint.words import is_literal_secret
from shoal.spec.powers import JUDGED, powers

ALMIGHTY = frozenset(("ALL", "SYS_ADMIN", "CAP_SYS_ADMIN"))
TOLD_ELSEWHERE = frozenset(("host-path", "privileged", "privilege-escalation", "host-namespaces"))
"""Powers that L182 and L183 speak of."""


@rule("L181", Severity.WARNING)
def secret_is_in_plain_sight(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A password, token or key stands in the manifest.

    Everybody who may read the RayCluster or its pods reads it: it is in `kubectl get -o yaml`, in the manifest's
    repository, in the events of whatever watches. Shoal never prints such values.

    Keep it in a Secret:

        env:
          - name: HF_TOKEN
            valueFrom: {secretKeyRef: {name: hf, key: token}}
    """
    for group in cluster.groups:
        for path, container in group.containers():
            for index, variable in enumerate(container.env):
                if variable.value_from is None and is_literal_secret(variable.name, variable.value):
                    message = f"the value of {variable.name} stands in the manifest"
                    yield Hit(message, (*path, "env", index, "value"), _IN_A_SECRET)
        if is_literal_secret("redis-password", group.params.get("redis-password", "")):
            hint = "keep it in a Secret, and write `$REDIS_PASSWORD` with that variable from the Secret"
            yield Hit("the value of redis-password stands in the manifest", group.param_path("redis-password"), hint)
    redis = cluster.spec.gcs_fault_tolerance_options
    if redis is not None and redis.redis_password is not None and redis.redis_password.value:
        path = (*cluster.path, "gcsFaultToleranceOptions", "redisPassword", "value")
        yield Hit("the value of redisPassword stands in the manifest", path, _IN_A_SECRET)


@rule("L182", Severity.WARNING)
def pod_mounts_the_host(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A pod mounts a folder of its machine.

    Code that runs on Ray reads and writes that folder, beside every other pod that mounts it, and on another machine
    the folder is another one. Clusters with the usual Pod Security standard refuse `hostPath`.

    Shoal's operator makes such pods only where the namespace allows it (L185).

    Use an `emptyDir`, a `persistentVolumeClaim` or object storage.
    """
    for group in cluster.groups:
        for index, volume in enumerate(group.pod.volumes):
            if volume.host_path is not None:
                message = f"volume {volume.name!r} of {group.title} is the machine's folder {volume.host_path.path!r}"
                path = (*group.pod_path, "volumes", index, "hostPath")
                yield Hit(message, path, "use an emptyDir, a persistentVolumeClaim or object storage")


@rule("L183", Severity.WARNING)
def pod_is_privileged(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A pod has rights over the machine it runs on.

    Whoever submits a job to Ray runs code in this pod. With `privileged`, `allowPrivilegeEscalation: true`, all
    capabilities or SYS_ADMIN, or the host's network, processes or IPC, that code is a step away from the machine and so
    from all its pods.

    Remove it, and say the opposite:

        securityContext:
          allowPrivilegeEscalation: false
          capabilities: {drop: [ALL]}
    """
    for group in cluster.groups:
        for path, right in _rights(group):
            yield Hit(f"{group.title} runs with {right}", path, "remove it: jobs run with the same rights")


@rule("L184", Severity.NOTE)
def api_token_is_in_ray_pods(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The pods hold a token for the Kubernetes API.

    Kubernetes mounts the token of the service account into every pod unless told not to. Ray itself has no use for it,
    but every job can read it and do what the account may do. Left out are the head of a cluster with
    `enableInTreeAutoscaling`, where the autoscaler needs the token, and clusters with `enableK8sTokenAuth`, where Ray
    asks the API server about every token that it is shown.

    Say no:

        spec:
          automountServiceAccountToken: false
    """
    holders = [
        group
        for group in cluster.groups
        if group.pod.automount_service_account_token is not False and not _needs_the_api(group, cluster)
    ]
    if holders:
        names = ", ".join(group.title for group in holders)
        message = f"jobs can read a token for the Kubernetes API in the pods of {names}"
        hint = "add `automountServiceAccountToken: false` to the pod specs, unless your code calls the API"
        yield Hit(message, holders[0].pod_path, hint)


@rule("L185", Severity.NOTE)
def pod_asks_for_more_than_an_ordinary_one(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The cluster asks for something that its author may not be allowed.

    Who may make a RayCluster need not be allowed to make any pod: the operator would make it for him. So under its
    profile `secure` Shoal's operator acts on none that asks for another service account than `default`, the machine's
    network, processes or paths, `privileged`, capabilities, an autoscaler that may change every pod, other people's
    addresses or code for the controller of its Ingress, unless its author may create pods there or the namespace allows
    it. The rest, as root, the machine's ports or a chosen machine, is for Pod Security and the other policies of the
    Kubernetes cluster to refuse.

    Remove it, or let whoever may change the namespace allow what is named, or everything:

        kubectl annotate namespace NAME shoal.dev/allow-powers=service-account,capabilities
        kubectl label namespace NAME shoal.dev/allow-powers=true
    """
    spec = cluster.node.at(cluster.path)
    annotations = cluster.node.at(("metadata", "annotations"))
    asked = powers(spec.plain(), annotations.plain() if annotations is not None else {}) if spec is not None else ()
    for power in asked:
        if power.name not in TOLD_ELSEWHERE and power.subject not in ALMIGHTY:
            path = power.path if power.path[0] == "metadata" else (*cluster.path, *power.path)
            what = f"{power.name} {power.subject!r}" if power.subject else power.name
            if power.name in JUDGED:
                yield Hit(f"the namespace has to allow {what}", path, "remove it, or annotate the namespace")
            else:
                yield Hit(f"policies of the Kubernetes cluster may refuse {what}", path, "remove it where they do")


_IN_A_SECRET = "keep it in a Secret, and refer to it by `valueFrom: {secretKeyRef: ...}`"  # noqa: S105


def _needs_the_api(group: Group, cluster: ClusterContext) -> bool:
    options = cluster.spec.auth_options
    asks = options is not None and options.enable_k8s_token_auth
    asks_by_variable = group.env("RAY_ENABLE_K8S_TOKEN_AUTH") in ("1", "true")
    return asks or asks_by_variable or (group.is_head and cluster.spec.enable_in_tree_autoscaling)


def _rights(group: Group) -> Iterator[tuple[Path, str]]:
    pod = group.pod
    for key, granted in (("hostNetwork", pod.host_network), ("hostPID", pod.host_pid), ("hostIPC", pod.host_ipc)):
        if granted:
            yield (*group.pod_path, key), f"{key}: true"
    for path, container in group.containers():
        context, where = container.security_context, (*path, "securityContext")
        if context is None:
            continue
        if context.privileged:
            yield (*where, "privileged"), "privileged: true"
        if context.allow_privilege_escalation:
            yield (*where, "allowPrivilegeEscalation"), "allowPrivilegeEscalation: true"
        if context.capabilities is not None and ALMIGHTY & set(context.capabilities.add):
            yield (*where, "capabilities", "add"), "the capabilities of an administrator"
