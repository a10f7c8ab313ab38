"""Whether the operator's own namespace has room for its pod, and lets it in."""

from collections.abc import Iterator
from decimal import Decimal

from shoal.install.check import Check, fail, ok, warn
from shoal.install.facts import Facts, Quota
from shoal.install.options import Options
from shoal.install.workload import RESOURCES
from shoal.spec.quantity import parse_quantity

NAMESPACE = "namespace"
QUOTA = "quota"
UNSTATED = "limits.cpu"
ENFORCED = "pod-security.kubernetes.io/enforce"


def check_namespaces(facts: Facts, options: Options) -> Iterator[Check]:
    """The operator's own, and those it is to watch."""
    if NAMESPACE in facts.unseen:
        step = "ask someone who may: `kubectl get namespaces`"
        yield warn(NAMESPACE, f"namespaces can't be looked at: {facts.unseen[NAMESPACE]}", step)
        return
    own = facts.existing.get(options.namespace)
    if own is None:
        yield ok(NAMESPACE, f"{options.namespace} will be created, with Pod Security restricted")
    else:
        level = own.metadata.labels.get(ENFORCED, "")
        told = f"Pod Security {level}, which the operator passes" if level else "no Pod Security is enforced there"
        yield ok(NAMESPACE, f"{options.namespace} is there; {told}")
    for name in options.watch:
        if name not in facts.existing:
            yield fail(NAMESPACE, f"{name} is to be watched and doesn't exist", f"`kubectl create namespace {name}`")


def check_quota(facts: Facts, options: Options) -> Iterator[Check]:
    """Whether every ResourceQuota of the operator's namespace has room for its pods."""
    if QUOTA in facts.unseen:
        step = f"ask someone who may: `kubectl -n {options.namespace} describe quota`"
        yield warn(QUOTA, f"can't be looked at: {facts.unseen[QUOTA]}", step)
    elif facts.installed(options.namespace) is not None:
        yield ok(QUOTA, "the operator is counted already")
    elif not facts.quotas:
        yield ok(QUOTA, "there is none")
    else:
        for quota in facts.quotas:
            yield from _judged(quota, options)


def _judged(quota: Quota, options: Options) -> Iterator[Check]:
    needs, name = _needs(options), quota.metadata.name
    short = []
    for what, hard in quota.status.hard.items():
        left = parse_quantity(hard) - parse_quantity(quota.status.used.get(what, "0"))
        if what in needs and needs[what] > left:
            short.append(f"{left:f} of {what}, and {needs[what]:f} are needed")
    for problem in short:
        yield fail(
            QUOTA, f"{name} leaves {problem}", f"raise it, or choose another --namespace than {options.namespace}"
        )
    if UNSTATED in quota.status.hard:
        step = "give the namespace a LimitRange with a default, if it has none"
        yield warn(QUOTA, f"{name} lets no pod in that has no {UNSTATED}, and the operator has none", step)
    elif not short:
        yield ok(QUOTA, f"{name} has room")


def _needs(options: Options) -> dict[str, Decimal]:
    of_pod = {f"{kind}.{name}": amount for kind, amounts in RESOURCES.items() for name, amount in amounts.items()}
    of_pod |= RESOURCES["requests"] | {"pods": "1", "count/pods": "1"}
    needs = {what: parse_quantity(amount) * options.replicas for what, amount in of_pod.items()}
    return needs | {"count/deployments.apps": Decimal(1)}
