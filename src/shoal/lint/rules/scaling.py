"""How many workers there are, and who decides."""

from collections.abc import Iterator

from shoal.findings import Severity
from shoal.lint.context import ClusterContext, Group
from shoal.lint.facts import Facts
from shoal.lint.rule import Hit, rule
from shoal.spec.raycluster import WorkerGroupSpec

_OF_ENTRYPOINT = ("entrypointNumCpus", "entrypointNumGpus", "entrypointResources")
UNBOUNDED = 2**31 - 1


def _worker_groups(cluster: ClusterContext) -> Iterator[tuple[Group, WorkerGroupSpec]]:
    for group in cluster.workers:
        if isinstance(group.spec, WorkerGroupSpec):
            yield group, group.spec


@rule("L121", Severity.ERROR)
def fewest_replicas_exceed_most(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`minReplicas` is above `maxReplicas`.

    No number of replicas fits both, so no controller can bring the group up.

    Correct one of them.
    """
    for group, spec in _worker_groups(cluster):
        if spec.min_replicas > spec.max_replicas:
            message = f"{group.title} has minReplicas {spec.min_replicas} above maxReplicas {spec.max_replicas}"
            yield Hit(message, (*group.path, "minReplicas"), "correct one of them")


@rule("L122", Severity.WARNING)
def replicas_are_out_of_bounds(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`replicas` is outside of `minReplicas` and `maxReplicas`.

    The number that is out of bounds is quietly replaced by the nearest bound, so the cluster has another size than the
    manifest says.

    Move `replicas` inside the bounds, or move the bound. Without `maxReplicas` there is no upper bound.
    """
    for group, spec in _worker_groups(cluster):
        low, high = spec.min_replicas, spec.max_replicas
        if spec.replicas is not None and low <= high and not low <= spec.replicas <= high:
            message = f"{group.title} has {spec.replicas} replicas, outside of {low} to {high}"
            held = max(low, min(spec.replicas, high))
            yield Hit(message, (*group.path, "replicas"), f"{held} will run: write {held}, or move the bound")


@rule("L123", Severity.WARNING)
def group_never_has_workers(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A worker group has no `replicas`, and nothing that would add any.

    Left out, `replicas` is 0 on Kubernetes. Without autoscaling the group stays empty, and work that is meant for it
    waits for ever.

    Write how many:

        replicas: 2
    """
    for group, spec in _worker_groups(cluster):
        if spec.replicas is None and spec.min_replicas == 0 and not cluster.spec.enable_in_tree_autoscaling:
            yield Hit(f"{group.title} has no workers and no autoscaling to add any", group.path, "add `replicas:`")


@rule("L124", Severity.WARNING)
def autoscaling_has_no_room(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """Autoscaling is on, and no group may change its size.

    With `minReplicas` equal to `maxReplicas` in every group, or no group at all, the autoscaler has nothing to decide.
    It still takes 500m CPU and 512Mi beside the head, and holds a token that may change every RayCluster of the
    namespace.

    Move a bound, or remove `enableInTreeAutoscaling`.
    """
    spec = cluster.spec
    fixed = all(worker.min_replicas == worker.max_replicas for worker in spec.worker_group_specs)
    if spec.enable_in_tree_autoscaling and fixed:
        why = "every group has minReplicas equal to maxReplicas" if cluster.workers else "there is no worker group"
        yield Hit(
            f"autoscaling is on, and {why}", (*cluster.path, "enableInTreeAutoscaling"), "move a bound, or turn it off"
        )


@rule("L125", Severity.WARNING)
def autoscaling_is_unbounded(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """Autoscaling is on, and a group has no `maxReplicas`.

    The bound is then 2147483647. A loop that submits tasks, or one job with a wrong number in it, adds machines until a
    quota or a budget ends it.

    Write the most that you would pay for:

        maxReplicas: 10
    """
    for group, spec in _worker_groups(cluster):
        if cluster.spec.enable_in_tree_autoscaling and spec.max_replicas == UNBOUNDED:
            yield Hit(f"{group.title} may grow without bound", group.path, "add `maxReplicas:`")


@rule("L126", Severity.WARNING)
def autoscaler_options_have_no_effect(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`autoscalerOptions` are given, and autoscaling is off.

    They are only read with `enableInTreeAutoscaling: true`.

    Turn it on, or remove the options.
    """
    if cluster.spec.autoscaler_options is not None and not cluster.spec.enable_in_tree_autoscaling:
        message = "autoscalerOptions have no effect: enableInTreeAutoscaling is not true"
        hint = "add `enableInTreeAutoscaling: true`, or remove them"
        yield Hit(message, (*cluster.path, "autoscalerOptions"), hint)


@rule("L127", Severity.NOTE)
def head_takes_tasks(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """Tasks may run on the head of a cluster that has workers.

    The head holds the GCS, on which every node depends. A task that fills its memory or CPUs there slows or ends the
    whole cluster, where on a worker it would only end itself. With 0 CPUs only tasks that ask for none run on the head.
    A RayJob whose entrypoint asks for resources is left out: they may be meant to be the head's.

    Keep work off it:

        headGroupSpec:
          rayStartParams: {num-cpus: "0"}
    """
    told = cluster.head.params.get("num-cpus", cluster.head.spec.resources.get("CPU"))
    is_for_entrypoint = any(cluster.node.at((*cluster.path[:-1], key)) is not None for key in _OF_ENTRYPOINT)
    if cluster.workers and not is_for_entrypoint and (told is None or told.strip("\"'") != "0"):
        message = "the head takes tasks" if told is None else f"the head takes tasks: num-cpus is {told}"
        path = (*cluster.head.path, "rayStartParams", *(("num-cpus",) if told is not None else ()))
        yield Hit(message, path, 'add `num-cpus: "0"` to its rayStartParams, so that work stays on the workers')
