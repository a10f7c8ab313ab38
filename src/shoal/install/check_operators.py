"""Whether another operator runs the same clusters already: two would undo each other's work."""

from collections.abc import Iterator
from datetime import datetime

from shoal.install.check import Check, fail, ok, warn
from shoal.install.facts import Deployment, Facts, Lease
from shoal.install.leases import KUBERAYS, OURS, is_held
from shoal.install.options import APPLICATION, Options

OPERATORS = "operators"
LEASES = "leases"


def check_operators(facts: Facts, options: Options) -> Iterator[Check]:
    """A line for each operator that is there."""
    if OPERATORS in facts.unseen:
        step = f"ask someone who may: `kubectl get deployments -A -l {APPLICATION}=kuberay-operator`"
        yield warn(OPERATORS, f"can't be looked for: {facts.unseen[OPERATORS]}", step)
        return
    for one in facts.operators:
        yield _operator(one, options)
    if not facts.operators:
        yield ok(OPERATORS, "there is no other")


def _operator(one: Deployment, options: Options) -> Check:
    meta = one.metadata
    containers = one.spec.template.spec.containers
    name = f"{meta.namespace}/{meta.name}" + (f" ({containers[0].image})" if containers else "")
    if one.is_ours and meta.namespace == options.namespace:
        return ok(OPERATORS, f"{name} is this installation; it will be brought to what is asked for")
    if not one.spec.replicas:
        return ok(OPERATORS, f"{name} is scaled to 0")
    watched, wanted = one.watched, frozenset(options.watch)
    if watched and wanted and not watched & wanted:
        return ok(OPERATORS, f"{name} watches other namespaces: {', '.join(sorted(watched))}")
    where = "every namespace" if not watched else ", ".join(sorted(watched & wanted or watched))
    step = (
        f"stop it: `kubectl -n {meta.namespace} scale deployment {meta.name} --replicas 0`; its clusters keep running"
    )
    return fail(OPERATORS, f"{name} watches {where}", step)


def check_leases(facts: Facts, options: Options) -> Iterator[Check]:
    """A line for each Lease that someone holds who is in no Deployment that was found."""
    if LEASES in facts.unseen:
        yield warn(
            LEASES, f"can't be looked at: {facts.unseen[LEASES]}", "ask someone who may: `kubectl get leases -A`"
        )
        return
    judged = {one.metadata.namespace for one in facts.operators}
    now = datetime.fromisoformat(facts.now).timestamp()
    others = [one for one in facts.leases if _is_anothers(one, options)]
    held = [one for one in others if is_held(one.spec.holder_identity, one.spec.renew_time, now)]
    strange = [one for one in held if one.metadata.namespace not in judged]
    for one in strange:
        where = f"{one.metadata.namespace}/{one.metadata.name}"
        step = (
            f"find and stop it (`kubectl -n {one.metadata.namespace} describe lease {one.metadata.name}`), then again"
        )
        says = f"{where} is held by {one.spec.holder_identity}: an operator without a Deployment runs"
        if options.watch:
            yield warn(LEASES, f"{says}, and may watch {', '.join(options.watch)}", step)
        else:
            yield fail(LEASES, says, step)
    if not strange:
        yield ok(LEASES, "no other operator holds one")


def _is_anothers(lease: Lease, options: Options) -> bool:
    name, namespace = lease.metadata.name, lease.metadata.namespace
    return name == KUBERAYS or (name == OURS and namespace != options.namespace)
