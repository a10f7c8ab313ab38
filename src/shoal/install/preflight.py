"""Everything that is looked at before the operator is installed."""

from collections.abc import Iterator

from shoal.install.check import Check, Level, fail, ok, warn
from shoal.install.check_definitions import check_definitions, numbers
from shoal.install.check_namespace import check_namespaces, check_quota
from shoal.install.check_operators import check_leases, check_operators
from shoal.install.facts import Facts
from shoal.install.options import Options

SERVER = "server"
ADMISSION = "admission"
PERMISSIONS = "permissions"
ACCOUNT = "account"
MOST = 4
"""So many refusals are named in one line."""
OLDEST = (1, 29)
"""The first with validation rules in definitions of kinds, as ours have them, for good."""


def checks(facts: Facts, options: Options) -> tuple[Check, ...]:
    """What was found, judged, in the order in which a person would mend it."""
    if facts.unreachable:
        step = "see that `kubectl version` answers with the same --kubeconfig and --context"
        return (fail(SERVER, facts.unreachable, step),)
    return tuple(
        check
        for found in (
            _server(facts),
            _permissions(facts),
            check_definitions(facts),
            check_operators(facts, options),
            check_leases(facts, options),
            check_namespaces(facts, options),
            check_quota(facts, options),
            _admission(facts, options),
            _account(facts, options),
        )
        for check in found
    )


def failed(found: tuple[Check, ...]) -> tuple[Check, ...]:
    """Those for which nothing should be installed."""
    return tuple(check for check in found if check.level is Level.FAIL)


def _server(facts: Facts) -> Iterator[Check]:
    oldest = ".".join(str(number) for number in OLDEST)
    if numbers(facts.server)[:2] < OLDEST:
        yield fail(SERVER, f"Kubernetes {facts.server} is too old", f"upgrade it to {oldest} or later")
    else:
        yield ok(SERVER, f"Kubernetes {facts.server}")


def _permissions(facts: Facts) -> Iterator[Check]:
    if facts.refused:
        step = "ask an administrator of the cluster to do it, or for these permissions"
        yield fail(PERMISSIONS, f"you may not do what installing takes: {_some(facts.refused)}", step)
    if PERMISSIONS in facts.unseen:
        yield warn(PERMISSIONS, f"can't be asked for: {facts.unseen[PERMISSIONS]}", "go on, and see what is refused")
    elif not facts.refused:
        yield ok(PERMISSIONS, "you may do all that installing takes")


def _admission(facts: Facts, options: Options) -> Iterator[Check]:
    if options.profile == "compat":
        step = "leave --profile compat away where people may make RayClusters who may not make pods"
        yield warn(ADMISSION, "a RayCluster may ask for pods that its author may not make, as with KubeRay", step)
    elif not facts.admits:
        step = "upgrade to Kubernetes 1.30, or give RayClusters only to those who may make pods"
        yield warn(ADMISSION, "this API server knows no ValidatingAdmissionPolicy; none will be made", step)
    else:
        yield ok(ADMISSION, "a RayCluster gets no pod that its author may not make")


def _account(facts: Facts, options: Options) -> Iterator[Check]:
    if ACCOUNT in facts.unseen:
        step = f"ask someone who may: `kubectl auth can-i --list --as {options.account}`"
        yield warn(ACCOUNT, f"what the operator may do can't be asked for: {facts.unseen[ACCOUNT]}", step)
    elif facts.account_lacks is None:
        yield ok(ACCOUNT, f"{options.account} will get what it needs")
    elif facts.account_lacks:
        yield warn(
            ACCOUNT, f"the operator may not {_some(facts.account_lacks)}", "`shoal operator install` gives it that"
        )
    else:
        yield ok(ACCOUNT, f"{options.account} has what it needs")


def _some(words: tuple[str, ...]) -> str:
    more = f"; and {len(words) - MOST} more" if len(words) > MOST else ""
    return "; ".join(words[:MOST]) + more
