"""Who can reach the cluster, and whether they have to say who they are."""

from collections.abc import Iterator

from shoal.findings import Path, Severity
from shoal.lint.context import ClusterContext
from shoal.lint.exposures import exposures
from shoal.lint.facts import Facts
from shoal.lint.rule import Hit, rule
from shoal.spec.complaints import suggestion
from shoal.spec.images import ray_of
from shoal.spec.ray_version import asks_for_token
from shoal.spec.raycluster import NetworkRules, WorkerGroupNetworkRules


@rule("L141", Severity.WARNING)
def cluster_has_no_authentication(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """Whoever reaches the cluster may run code on it.

    Ray before 2.61 asks nobody for a token unless it is told to. Jobs, the dashboard and Ray Client are then open to
    every pod of the Kubernetes cluster and to all that the network lets through; clusters on the internet are taken
    over this way every day (CVE-2023-48022, "ShadowRay").

    Turn it on; the operator makes the token:

        spec:
          authOptions: {mode: token}

    A cluster that Shoal starts on this machine has a token in any case, and so has one that Shoal's operator runs under
    its profile `secure`. KubeRay's operator and the profile `compat` leave such a cluster open.
    """
    options = cluster.spec.auth_options
    if not _has_authentication(cluster) and (options is None or options.mode == "disabled"):
        said = "is turned off" if options is not None else "is off by default"
        path = (*cluster.path, "authOptions", "mode") if options is not None else cluster.path
        yield Hit(f"token authentication {said}: whoever reaches the cluster may run code on it", path, _TURN_ON)


@rule("L142", Severity.WARNING)
def auth_options_turn_nothing_on(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`authOptions` without a mode mean different things to different operators.

    KubeRay's creates the Secret, but doesn't tell the pods to check tokens: the cluster looks safe and is open. Shoal's
    takes them as `mode: token`.

    Write the mode, so that all understand the same:

        authOptions: {mode: token}
    """
    options = cluster.spec.auth_options
    if options is not None and not options.mode and not _has_authentication(cluster):
        message = "under KubeRay, authOptions without a mode create a token that nobody is asked for"
        yield Hit(message, (*cluster.path, "authOptions"), "add `mode: token` to it")


@rule("L143", Severity.WARNING)
def dashboard_is_exposed_without_authentication(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The dashboard can be reached from outside of the cluster, without a token.

    The dashboard's port takes jobs: whoever reaches it runs code in your cluster with all that its pods may do. An
    Ingress, a Route, an HTTPRoute, a NodePort and a LoadBalancer make it reachable from outside, whether the RayCluster
    asks for them or they stand beside it in the file.

    Turn token authentication on (`authOptions: {mode: token}`), or keep the Service inside and use
    `kubectl port-forward`.
    """
    if not _has_authentication(cluster):
        for way in exposures(cluster):
            yield Hit(f"{way.title} exposes the dashboard, and no token is asked for", way.path, _TURN_ON)


@rule("L144", Severity.WARNING)
def dashboard_is_exposed_without_tls(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The dashboard can be reached from outside of the cluster, and its traffic is not encrypted.

    The token travels with every request. Without TLS whoever sees the traffic has it, and runs code with it. Ray's own
    TLS (`tlsOptions`) covers the traffic between nodes, not the dashboard.

    Let an Ingress end the TLS, or let `shoal expose` make one:

        ingressOptions:
          tls: [{hosts: [ray.example.com], secretName: ray-tls}]
    """
    if _has_authentication(cluster):
        for way in exposures(cluster):
            if not way.has_tls:
                message = f"{way.title} exposes the dashboard without TLS: its token can be read on the way"
                yield Hit(message, way.path, "expose it by an Ingress with tls")


@rule("L145", Severity.WARNING)
def dashboard_is_bound_to_loopback(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`dashboard-host` is the loopback address of a pod.

    Nothing outside of the pod reaches the dashboard then: no Service, no operator, so that a RayJob is never submitted
    and a RayService never deployed.

    Remove it (the operator sets 0.0.0.0 inside the pod's own network), and decide by the Service who gets there. On
    this machine Shoal binds to loopback in any case.
    """
    if cluster.head.params.get("dashboard-host") in ("127.0.0.1", "localhost", "::1"):
        message = "the dashboard can't be reached from outside of the head pod"
        yield Hit(message, cluster.head.param_path("dashboard-host"), "remove dashboard-host")


@rule("L146", Severity.ERROR)
def network_rules_have_no_effect(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`networkPolicy` has rules for what its mode leaves open, or for a group that isn't there.

    `DenyAllIngress` closes what comes in and leaves open what goes out, `DenyAllEgress` the other way round; rules say
    who gets through what is closed. A policy with a slip in it leaves open what its author takes for closed.

    Use `mode: DenyAll`, remove the rules, or correct the group's name.
    """
    policy = cluster.spec.network_policy
    if policy is None:
        return
    path = (*cluster.path, "networkPolicy")
    of_groups = ((("workerGroups", index), rules) for index, rules in enumerate(policy.worker_groups))
    places: list[tuple[Path, NetworkRules | WorkerGroupNetworkRules | None]] = [
        (("head",), policy.head),
        (("worker",), policy.worker),
        *of_groups,
    ]
    for place, rules in places:
        given = {} if rules is None else {"ingressRules": rules.ingress_rules, "egressRules": rules.egress_rules}
        field = _LEFT_OPEN.get(policy.mode, "")
        if given.get(field):
            yield Hit(
                f"mode {policy.mode} leaves open what these {field} are for", (*path, *place, field), "use DenyAll"
            )
    names = {group.name for group in cluster.workers}
    for index, rules in enumerate(policy.worker_groups):
        if rules.group_name not in names:
            message = f"no worker group is called {rules.group_name!r}"
            yield Hit(message, (*path, "workerGroups", index, "groupName"), suggestion(rules.group_name, names))


_LEFT_OPEN = {"DenyAllIngress": "egressRules", "DenyAllEgress": "ingressRules"}
_TURN_ON = "add `authOptions: {mode: token}` to the spec"


def _has_authentication(cluster: ClusterContext) -> bool:
    options, mode = cluster.spec.auth_options, cluster.head.env("RAY_AUTH_MODE")
    if options is not None and options.mode:
        mode = options.mode
    elif mode == "":  # it comes from elsewhere
        mode = "token"
    # What runs is the image, whatever rayVersion says.
    return asks_for_token(mode, ray_of(cluster.head.container.image) or cluster.ray_version)
